-- SPDX-License-Identifier: Apache-2.0
-- Accounts, users, customers, products, orders, invoices, payments, ledger.
--
-- Rules (schema/README.md): account_id leads every primary and unique key; ids come from the
-- application (UUIDv7); created_at is the millisecond of the id; money is BIGINT minor units;
-- quantities, unit prices and percentages are DECIMAL(18,6); a version on every mutable row.
-- Enumerations are small integers whose names are listed beside them and in the code.

-- Users ------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS accounts (
    account_id BINARY(16) NOT NULL,
    name VARCHAR(255) NOT NULL,
    currency CHAR(3) NOT NULL,              -- default of new documents
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A person, who may belong to several accounts: not led by account_id.
CREATE TABLE IF NOT EXISTS users (
    user_id BINARY(16) NOT NULL,
    email VARCHAR(320) NOT NULL,            -- as given, domain in lower case
    email_key VARCHAR(320) NOT NULL,        -- lower case: log-in name
    name VARCHAR(255) NOT NULL,
    password_phc VARCHAR(255),              -- Argon2id; NULL: cannot log in with a password
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (user_id),
    UNIQUE KEY email (email_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS memberships (
    account_id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    role TINYINT NOT NULL,                  -- 0 owner 1 admin 2 accountant 3 sales 4 viewer
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id, user_id),
    KEY by_user (user_id, account_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS sessions (
    account_id BINARY(16) NOT NULL,
    session_id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    secret_hash BINARY(32) NOT NULL,
    role TINYINT NOT NULL,
    user_agent VARCHAR(255),
    remote_addr VARCHAR(45),
    created_at DATETIME(6) NOT NULL,
    last_used_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NOT NULL,        -- absolute
    revoked_at DATETIME(6),
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id, session_id),
    KEY by_user (account_id, user_id, session_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS api_keys (
    account_id BINARY(16) NOT NULL,
    key_id BINARY(16) NOT NULL,
    name VARCHAR(255) NOT NULL,
    secret_hash BINARY(32) NOT NULL,
    permissions BIGINT NOT NULL,            -- bit mask of app/auth/permissions.def
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    last_used_at DATETIME(6),
    expires_at DATETIME(6),
    revoked_at DATETIME(6),
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id, key_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Idempotency, events ----------------------------------------------------------------------------

-- The answer of an unsafe call, written in the transaction of its effects.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    account_id BINARY(16) NOT NULL,
    key_hash BINARY(32) NOT NULL,           -- SHA-256 of the client's key
    fingerprint BINARY(32) NOT NULL,        -- MAC of method, path, query, body
    status SMALLINT NOT NULL,
    head TEXT NOT NULL,                     -- header lines to repeat
    body MEDIUMBLOB NOT NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (account_id, key_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The outbox: one row for each thing that happened, written with it. Append only.
CREATE TABLE IF NOT EXISTS events (
    account_id BINARY(16) NOT NULL,
    event_id BINARY(16) NOT NULL,
    type VARCHAR(64) NOT NULL,
    object_prefix VARCHAR(5) NOT NULL,
    object_id BINARY(16) NOT NULL,
    principal_kind TINYINT NOT NULL,        -- 1 key 2 session 3 operator
    principal_id BINARY(16),
    user_id BINARY(16),
    request_id VARCHAR(64),
    data JSON,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (account_id, event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Customers --------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS customers (
    account_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    name VARCHAR(255) NOT NULL,
    email VARCHAR(320),
    phone VARCHAR(64),
    currency CHAR(3) NOT NULL,
    external_id VARCHAR(100),               -- the client's own id, unique in the account
    tax_id VARCHAR(64),
    address_line1 VARCHAR(255),
    address_line2 VARCHAR(255),
    address_city VARCHAR(255),
    address_region VARCHAR(255),
    address_postal_code VARCHAR(32),
    address_country CHAR(2),
    metadata JSON NOT NULL,
    archived_at DATETIME(6),
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id, customer_id),
    UNIQUE KEY external (account_id, external_id),
    KEY by_email (account_id, email, customer_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Orders -----------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS products (
    account_id BINARY(16) NOT NULL,
    product_id BINARY(16) NOT NULL,
    sku VARCHAR(100),                       -- unique in the account
    name VARCHAR(255) NOT NULL,
    description TEXT,
    unit VARCHAR(32),
    currency CHAR(3) NOT NULL,
    unit_price DECIMAL(18,6) NOT NULL,      -- major units
    tax_percent DECIMAL(18,6) NOT NULL,
    active BOOLEAN NOT NULL,
    metadata JSON NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id, product_id),
    UNIQUE KEY sku (account_id, sku),
    KEY by_active (account_id, active, product_id),
    CONSTRAINT products_price CHECK (unit_price >= 0),
    CONSTRAINT products_tax CHECK (tax_percent >= 0 AND tax_percent <= 100)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS orders (
    account_id BINARY(16) NOT NULL,
    order_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    status TINYINT NOT NULL,                -- 0 draft 1 quoted 2 placed 3 fulfilling 4 completed
                                            -- 5 cancelled 6 expired
    invoice_state TINYINT NOT NULL,         -- 0 none 1 invoiced
    external_id VARCHAR(100),               -- the client's own id, unique in the account
    reference VARCHAR(255),                 -- the customer's purchase order
    currency CHAR(3) NOT NULL,
    order_date DATE NOT NULL,
    line_count INT NOT NULL,
    subtotal BIGINT NOT NULL,               -- sum of the lines' net amounts
    tax BIGINT NOT NULL,
    total BIGINT NOT NULL,
    note TEXT,
    metadata JSON NOT NULL,
    placed_at DATETIME(6),
    cancelled_at DATETIME(6),
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id, order_id),
    UNIQUE KEY external (account_id, external_id),
    KEY by_customer (account_id, customer_id, order_id),
    KEY by_status (account_id, status, order_id),
    CONSTRAINT orders_total CHECK (total = subtotal + tax)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS order_lines (
    account_id BINARY(16) NOT NULL,
    order_id BINARY(16) NOT NULL,
    position SMALLINT NOT NULL,             -- from 1
    product_id BINARY(16),
    description VARCHAR(500) NOT NULL,
    unit VARCHAR(32),
    quantity DECIMAL(18,6) NOT NULL,
    unit_price DECIMAL(18,6) NOT NULL,
    discount_percent DECIMAL(18,6) NOT NULL,
    tax_percent DECIMAL(18,6) NOT NULL,
    net BIGINT NOT NULL,
    PRIMARY KEY (account_id, order_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Billing ----------------------------------------------------------------------------------------

-- One row for each series of an account: the last number given. Locked while a document is finalized.
CREATE TABLE IF NOT EXISTS number_sequences (
    account_id BINARY(16) NOT NULL,
    series VARCHAR(32) NOT NULL,            -- "invoice", "credit_note"
    prefix VARCHAR(32) NOT NULL,
    digits TINYINT NOT NULL,
    last_number BIGINT NOT NULL,
    last_date DATE,                         -- of the last document: dates never go back
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id, series)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS invoices (
    account_id BINARY(16) NOT NULL,
    invoice_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    order_id BINARY(16),
    status TINYINT NOT NULL,                -- 0 draft 1 open 2 paid 3 void 4 uncollectible
    number_seq BIGINT,                      -- position in the series; NULL: draft
    number VARCHAR(64),
    external_id VARCHAR(100),
    reference VARCHAR(255),
    currency CHAR(3) NOT NULL,
    issue_date DATE,
    due_date DATE,
    line_count INT NOT NULL,
    subtotal BIGINT NOT NULL,
    tax BIGINT NOT NULL,
    total BIGINT NOT NULL,
    amount_paid BIGINT NOT NULL,
    pre_payment_credit BIGINT NOT NULL,     -- credit notes that reduced what was due
    post_payment_credit BIGINT NOT NULL,    -- credit notes that became customer credit
    amount_reserved BIGINT NOT NULL,        -- of payments in flight
    amount_due BIGINT NOT NULL,             -- total - paid - pre_payment_credit while open, else 0
    customer_snapshot JSON,                 -- frozen when finalized
    note TEXT,
    metadata JSON NOT NULL,
    finalized_at DATETIME(6),
    paid_at DATETIME(6),
    voided_at DATETIME(6),
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id, invoice_id),
    UNIQUE KEY number (account_id, number),
    UNIQUE KEY number_seq (account_id, number_seq),
    UNIQUE KEY external (account_id, external_id),
    KEY by_customer (account_id, customer_id, invoice_id),
    KEY by_order (account_id, order_id),
    KEY by_status (account_id, status, invoice_id),
    KEY by_due (account_id, status, due_date, invoice_id),
    CONSTRAINT invoices_total CHECK (total = subtotal + tax),
    CONSTRAINT invoices_due CHECK (amount_due >= 0 AND amount_reserved >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS invoice_lines (
    account_id BINARY(16) NOT NULL,
    invoice_id BINARY(16) NOT NULL,
    position SMALLINT NOT NULL,
    product_id BINARY(16),
    description VARCHAR(500) NOT NULL,
    unit VARCHAR(32),
    quantity DECIMAL(18,6) NOT NULL,
    unit_price DECIMAL(18,6) NOT NULL,
    discount_percent DECIMAL(18,6) NOT NULL,
    tax_percent DECIMAL(18,6) NOT NULL,
    net BIGINT NOT NULL,
    PRIMARY KEY (account_id, invoice_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Tax per rate of a finalized invoice or credit note (EN 16931 BG-23).
CREATE TABLE IF NOT EXISTS document_taxes (
    account_id BINARY(16) NOT NULL,
    document_id BINARY(16) NOT NULL,
    tax_percent DECIMAL(18,6) NOT NULL,
    taxable BIGINT NOT NULL,
    tax BIGINT NOT NULL,
    PRIMARY KEY (account_id, document_id, tax_percent)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS credit_notes (
    account_id BINARY(16) NOT NULL,
    credit_note_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    invoice_id BINARY(16),                  -- NULL: an opening credit note
    status TINYINT NOT NULL,                -- 0 issued 1 void
    number_seq BIGINT NOT NULL,
    number VARCHAR(64) NOT NULL,
    external_id VARCHAR(100),
    reason VARCHAR(500),
    currency CHAR(3) NOT NULL,
    issue_date DATE NOT NULL,
    line_count INT NOT NULL,
    subtotal BIGINT NOT NULL,
    tax BIGINT NOT NULL,
    total BIGINT NOT NULL,
    applied_to_invoice BIGINT NOT NULL,     -- reduced the invoice's amount due
    to_customer_credit BIGINT NOT NULL,     -- the rest
    customer_snapshot JSON NOT NULL,
    metadata JSON NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id, credit_note_id),
    UNIQUE KEY number (account_id, number),
    UNIQUE KEY number_seq (account_id, number_seq),
    UNIQUE KEY external (account_id, external_id),
    KEY by_customer (account_id, customer_id, credit_note_id),
    KEY by_invoice (account_id, invoice_id),
    CONSTRAINT credit_notes_total CHECK (total = subtotal + tax),
    CONSTRAINT credit_notes_split CHECK (total = applied_to_invoice + to_customer_credit)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS credit_note_lines (
    account_id BINARY(16) NOT NULL,
    credit_note_id BINARY(16) NOT NULL,
    position SMALLINT NOT NULL,
    product_id BINARY(16),
    description VARCHAR(500) NOT NULL,
    unit VARCHAR(32),
    quantity DECIMAL(18,6) NOT NULL,
    unit_price DECIMAL(18,6) NOT NULL,
    discount_percent DECIMAL(18,6) NOT NULL,
    tax_percent DECIMAL(18,6) NOT NULL,
    net BIGINT NOT NULL,
    PRIMARY KEY (account_id, credit_note_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS payments (
    account_id BINARY(16) NOT NULL,
    payment_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    invoice_id BINARY(16) NOT NULL,
    status TINYINT NOT NULL,                -- 0 pending 1 succeeded 2 failed 3 cancelled 4 unknown
    method TINYINT NOT NULL,                -- 0 bank_transfer 1 card 2 cash 3 direct_debit 4 other
    external_id VARCHAR(100),
    reference VARCHAR(255),
    currency CHAR(3) NOT NULL,
    amount BIGINT NOT NULL,
    reserved BIGINT NOT NULL,               -- on the invoice, while pending
    applied_to_invoice BIGINT NOT NULL,     -- 0 until it has succeeded
    to_customer_credit BIGINT NOT NULL,     -- paid in excess
    payment_date DATE NOT NULL,
    failure_reason VARCHAR(500),
    metadata JSON NOT NULL,
    succeeded_at DATETIME(6),
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id, payment_id),
    UNIQUE KEY external (account_id, external_id),
    KEY by_invoice (account_id, invoice_id, payment_id),
    KEY by_customer (account_id, customer_id, payment_id),
    KEY by_status (account_id, status, payment_id),
    CONSTRAINT payments_amount CHECK (amount > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Ledger: entries and postings are only ever inserted (schema/grants.sql) --------------------------

-- A ledger account of one currency with its running balance: debits minus credits.
CREATE TABLE IF NOT EXISTS ledger_accounts (
    account_id BINARY(16) NOT NULL,
    ledger_account_id BINARY(16) NOT NULL,
    code SMALLINT NOT NULL,                 -- of the chart of accounts, handlers/billing/ledger.h
    customer_id BINARY(16) NOT NULL,        -- 16 zero bytes: not kept by customer
    currency CHAR(3) NOT NULL,
    balance BIGINT NOT NULL,
    debits BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,               -- of its postings
    created_at DATETIME(6) NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (account_id, ledger_account_id),
    UNIQUE KEY chart (account_id, code, currency, customer_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS journal_entries (
    account_id BINARY(16) NOT NULL,
    entry_id BINARY(16) NOT NULL,
    kind TINYINT NOT NULL,                  -- handlers/billing/ledger.h
    source_prefix VARCHAR(5) NOT NULL,
    source_id BINARY(16) NOT NULL,
    reverses_id BINARY(16),
    entry_date DATE NOT NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (account_id, entry_id),
    UNIQUE KEY source (account_id, source_id, kind),
    UNIQUE KEY reversal (account_id, reverses_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS postings (
    account_id BINARY(16) NOT NULL,
    entry_id BINARY(16) NOT NULL,
    line SMALLINT NOT NULL,
    ledger_account_id BINARY(16) NOT NULL,
    currency CHAR(3) NOT NULL,
    amount BIGINT NOT NULL,                 -- debit positive, credit negative
    account_seq BIGINT NOT NULL,            -- gapless in the ledger account
    balance_after BIGINT NOT NULL,
    PRIMARY KEY (account_id, entry_id, line),
    UNIQUE KEY chain (account_id, ledger_account_id, account_seq),
    CONSTRAINT postings_amount CHECK (amount <> 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Cluster state: not led by account_id -------------------------------------------------------------

-- The topology epoch, raised by each promotion.
CREATE TABLE IF NOT EXISTS cluster_state (
    id TINYINT NOT NULL,
    epoch BIGINT NOT NULL,
    PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Raised when an invalidation on a cache server has failed: what it held is not believed any more.
CREATE TABLE IF NOT EXISTS cache_generations (
    server VARCHAR(255) NOT NULL,           -- as in the setting cache_servers
    generation BIGINT NOT NULL,
    raised_at DATETIME(6) NOT NULL,
    PRIMARY KEY (server)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT IGNORE INTO cluster_state (id, epoch) VALUES (1, 1);
