-- SPDX-License-Identifier: Apache-2.0
-- What the application's database user may do. Applied by `remitctl migrate` after the migrations;
-- {user} stands for the user. Journal entries, postings and events can be added and read, never
-- changed or removed; no statement may alter a table.

GRANT SELECT, INSERT ON events TO {user};
GRANT SELECT, INSERT ON journal_entries TO {user};
GRANT SELECT, INSERT ON postings TO {user};
GRANT SELECT, INSERT ON document_taxes TO {user};
GRANT SELECT ON cluster_state TO {user};
GRANT SELECT, INSERT, UPDATE ON cache_generations TO {user};
GRANT SELECT ON schema_migrations TO {user};
GRANT SELECT, INSERT, DELETE ON idempotency_keys TO {user};
GRANT SELECT, INSERT, UPDATE ON accounts TO {user};
GRANT SELECT, INSERT, UPDATE ON users TO {user};
GRANT SELECT, INSERT, UPDATE, DELETE ON memberships TO {user};
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO {user};
GRANT SELECT, INSERT, UPDATE ON api_keys TO {user};
GRANT SELECT, INSERT, UPDATE ON customers TO {user};
GRANT SELECT, INSERT, UPDATE ON products TO {user};
GRANT SELECT, INSERT, UPDATE ON orders TO {user};
GRANT SELECT, INSERT, DELETE ON order_lines TO {user};
GRANT SELECT, INSERT, UPDATE ON number_sequences TO {user};
GRANT SELECT, INSERT, UPDATE, DELETE ON invoices TO {user};
GRANT SELECT, INSERT, DELETE ON invoice_lines TO {user};
GRANT SELECT, INSERT, UPDATE ON credit_notes TO {user};
GRANT SELECT, INSERT ON credit_note_lines TO {user};
GRANT SELECT, INSERT, UPDATE ON payments TO {user};
GRANT SELECT, INSERT, UPDATE ON ledger_accounts TO {user};
