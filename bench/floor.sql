-- SPDX-License-Identifier: Apache-2.0
-- The floor's own small schema and 100,000 orders of 5 lines for 20 accounts.
-- Run by bench/run in an empty database that it creates. MariaDB only: rows come from seq_1_to_N.
-- Order number n belongs to account n % 20; ids look like UUIDv7 and can be computed from n, which
-- bench/floor.c does. The key leads with the account, so a list reads neighbouring rows.

CREATE TABLE floor_order (
	account_id BINARY(16) NOT NULL,
	id BINARY(16) NOT NULL,
	number VARCHAR(32) NOT NULL,
	customer_id BINARY(16) NOT NULL,
	status VARCHAR(16) NOT NULL,
	currency CHAR(3) NOT NULL,
	net BIGINT NOT NULL,
	tax BIGINT NOT NULL,
	gross BIGINT NOT NULL,
	placed_at DATETIME(6) NOT NULL,
	created_at DATETIME(6) NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	version INT NOT NULL,
	PRIMARY KEY (account_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE floor_line (
	account_id BINARY(16) NOT NULL,
	order_id BINARY(16) NOT NULL,
	position SMALLINT NOT NULL,
	description VARCHAR(255) NOT NULL,
	quantity DECIMAL(18,6) NOT NULL,
	unit_price BIGINT NOT NULL,
	net BIGINT NOT NULL,
	tax BIGINT NOT NULL,
	PRIMARY KEY (account_id, order_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE floor_event (
	account_id BINARY(16) NOT NULL,
	id BINARY(16) NOT NULL,
	type VARCHAR(64) NOT NULL,
	object_id BINARY(16) NOT NULL,
	payload TEXT NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (account_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE floor_idempotency (
	account_id BINARY(16) NOT NULL,
	key_hash BINARY(32) NOT NULL,
	fingerprint BINARY(32) NOT NULL,
	status SMALLINT NOT NULL,
	answer TEXT NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (account_id, key_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE floor_loaded (
	orders INT NOT NULL PRIMARY KEY
) ENGINE=InnoDB;

SET SESSION time_zone = '+00:00';

-- In the order of the key, one account after the other: appends only, no page splits.
INSERT INTO floor_order
SELECT UNHEX(LPAD(HEX(seq % 20 + 1), 32, '0')),
	UNHEX(CONCAT(LPAD(HEX(1700000000000 + seq), 12, '0'), '70008000', LPAD(HEX(seq), 12, '0'))),
	CONCAT('SO-', LPAD(seq, 8, '0')),
	UNHEX(CONCAT('018bcfe568007000a000', LPAD(HEX(seq % 977), 12, '0'))),
	ELT(seq % 4 + 1, 'draft', 'placed', 'fulfilling', 'completed'),
	'EUR',
	10000 + seq % 9000, 1900, 11900 + seq % 9000,
	'2025-01-01 08:00:00' + INTERVAL seq SECOND,
	'2025-01-01 08:00:00.125' + INTERVAL seq SECOND,
	'2025-01-02 09:30:00.250' + INTERVAL seq SECOND,
	1 + seq % 5
FROM seq_1_to_100000 ORDER BY 1, 2;

INSERT INTO floor_line
SELECT o.account_id, o.id, l.seq, CONCAT('Consulting, position ', l.seq), 2.5, 1999, 4998, 950
FROM floor_order o CROSS JOIN seq_1_to_5 l ORDER BY 1, 2, 3;

INSERT INTO floor_loaded VALUES (100000);

ANALYZE TABLE floor_order, floor_line;
