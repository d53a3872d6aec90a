/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BILLING_INTERNAL_H
#define REMIT_BILLING_INTERNAL_H

/* What the files of this domain share: rows, inputs, service functions, stores. */

#include "handlers/billing/billing.h"
#include "handlers/billing/ledger.h"

#include "handlers/pricing/pricing.h"

/* Numbers ------------------------------------------------------------------------------------- */

/* The last number of a series. */
struct number_sequence {
	struct str series;
	struct str prefix;
	int64_t digits;
	int64_t last_number;
	int32_t last_date;
	int64_t version;
};

struct document_number {
	int64_t seq;
	struct str text;
};

/*
 * The next number of a series, from its locked row: gapless and in the order of dates. A date
 * before the last document's, or later than tomorrow, is a fault at /issue_date.
 */
MUST_CHECK enum err number_take(struct call *c, const char *series, const char *prefix,
				int32_t issue_date, struct document_number *ret_number);

MUST_CHECK enum err number_store_lock(struct call *c, struct str series,
				      struct number_sequence *ret_sequence);
MUST_CHECK enum err number_store_add(struct call *c, const struct number_sequence *sequence);
MUST_CHECK enum err number_store_update(struct call *c, const struct number_sequence *sequence);
extern const struct db_stmt number_stmts[];
extern const size_t number_n_stmts;

/* Lines and taxes of documents ------------------------------------------------------------------
 */

enum document_kind { DOCUMENT_INVOICE, DOCUMENT_CREDIT_NOTE, DOCUMENT_KIND_MAX };

MUST_CHECK enum err document_store_lines(struct call *c, enum document_kind kind, struct id id,
					 struct slice *ret_lines);
MUST_CHECK enum err document_store_insert_lines(struct call *c, enum document_kind kind,
						struct id id, const struct slice *lines);
MUST_CHECK enum err document_store_delete_invoice_lines(struct call *c, struct id invoice);
MUST_CHECK enum err document_store_taxes(struct call *c, struct id id, struct slice *ret_taxes);
MUST_CHECK enum err document_store_insert_taxes(struct call *c, struct id id,
						const struct slice *taxes);
extern const struct db_stmt document_stmts[];
extern const size_t document_n_stmts;

/* Invoices ------------------------------------------------------------------------------------ */

enum invoice_status {
	INVOICE_DRAFT,
	INVOICE_OPEN,
	INVOICE_PAID,
	INVOICE_VOID,
	INVOICE_UNCOLLECTIBLE,
	INVOICE_STATUS_MAX
};
extern const char *const invoice_status_names[INVOICE_STATUS_MAX];

enum invoice_action {
	INVOICE_DELETE,
	INVOICE_FINALIZE,
	INVOICE_PAY,
	INVOICE_CREDIT,
	INVOICE_VOID_IT,
	INVOICE_ACTION_MAX
};

struct invoice {
	struct id id;
	struct id customer;
	struct id order;
	int32_t status;
	int64_t number_seq;
	struct str number;
	struct str external_id;
	struct str reference;
	struct str currency;
	int32_t issue_date;
	int32_t due_date;
	int64_t line_count;
	int64_t subtotal;
	int64_t tax;
	int64_t total;
	int64_t amount_paid;
	int64_t pre_payment_credit;  /* credit notes that reduced what was due */
	int64_t post_payment_credit; /* credit notes that became customer credit */
	int64_t amount_reserved;
	int64_t amount_due;
	struct str customer_snapshot;
	struct str note;
	struct str metadata;
	int64_t finalized_at;
	int64_t paid_at;
	int64_t voided_at;
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
	struct slice lines;	      /* struct document_line; not in lists */
	struct slice taxes;	      /* struct document_tax; not in lists */
	struct str available_actions; /* not in lists */
};

struct invoice_input {
	uint64_t present;
	struct id order;
	struct id customer;
	struct str external_id;
	struct str reference;
	struct str currency;
	int32_t issue_date;
	int32_t due_date;
	struct slice lines; /* struct line_input */
	struct str note;
	struct str metadata;
	bool finalize;
};
struct invoice_create_in {
	struct invoice_input body;
};
struct invoice_get_in {
	struct id id;
};
struct finalize_input {
	int32_t issue_date;
	int32_t due_date;
};
struct invoice_finalize_in {
	struct id id;
	struct finalize_input body;
};
struct invoice_list_in {
	struct created_filter created;
	struct id customer;
	struct id order;
	int32_t status;
	struct str number;
	struct str external_id;
};

enum err billing_invoice_preview(struct call *c, const void *in, void *out);
enum err billing_invoice_create(struct call *c, const void *in, void *out);
enum err billing_invoice_get(struct call *c, const void *in, void *out);
enum err billing_invoice_list(struct call *c, const void *in, void *out);
enum err billing_invoice_delete(struct call *c, const void *in, void *out);
enum err billing_invoice_finalize(struct call *c, const void *in, void *out);
enum err billing_invoice_void(struct call *c, const void *in, void *out);

/* Locks an invoice and checks that its state allows the action. ERR_STATE_CONFLICT. */
MUST_CHECK enum err invoice_take(struct call *c, struct id id, enum invoice_action action,
				 struct invoice *ret_invoice);
/* What can be settled of it now: due and not reserved by payments in flight. */
int64_t invoice_free(const struct invoice *invoice);
/* Writes a changed invoice; it is paid when nothing is due any more. */
MUST_CHECK enum err invoice_settle(struct call *c, struct invoice *invoice);

MUST_CHECK enum err invoice_store_get(struct call *c, struct id id, struct invoice *ret_invoice);
MUST_CHECK enum err invoice_store_lock(struct call *c, struct id id, struct invoice *ret_invoice);
MUST_CHECK enum err invoice_store_insert(struct call *c, const struct invoice *invoice);
MUST_CHECK enum err invoice_store_update(struct call *c, const struct invoice *invoice);
MUST_CHECK enum err invoice_store_delete(struct call *c, struct id id);
MUST_CHECK enum err invoice_store_list(struct call *c, const struct invoice_list_in *filter,
				       struct list_out *ret_list);
extern const struct db_stmt invoice_stmts[];
extern const size_t invoice_n_stmts;

/* Payments ------------------------------------------------------------------------------------ */

enum payment_status {
	PAYMENT_PENDING,
	PAYMENT_SUCCEEDED,
	PAYMENT_FAILED,
	PAYMENT_CANCELLED,
	PAYMENT_UNKNOWN,
	PAYMENT_STATUS_MAX
};
extern const char *const payment_status_names[PAYMENT_STATUS_MAX];
enum { PAYMENT_METHOD_MAX = 5 };
extern const char *const payment_method_names[PAYMENT_METHOD_MAX];

struct payment {
	struct id id;
	struct id customer;
	struct id invoice;
	int32_t status;
	int32_t method;
	struct str external_id;
	struct str reference;
	struct str currency;
	int64_t amount;
	int64_t reserved;
	int64_t applied_to_invoice;
	int64_t to_customer_credit;
	int32_t payment_date;
	struct str failure_reason;
	struct str metadata;
	int64_t succeeded_at;
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
	struct str available_actions; /* not in lists */
};

struct payment_input {
	struct id invoice;
	int64_t amount;
	struct str currency;
	int32_t status; /* index into pending, succeeded */
	int32_t method;
	int32_t payment_date;
	struct str external_id;
	struct str reference;
	struct str metadata;
};
struct payment_create_in {
	struct payment_input body;
};
struct payment_get_in {
	struct id id;
};
struct payment_fail_input {
	struct str reason;
};
struct payment_fail_in {
	struct id id;
	struct payment_fail_input body;
};
struct payment_list_in {
	struct created_filter created;
	struct id customer;
	struct id invoice;
	int32_t status;
	struct str external_id;
};

enum err billing_payment_create(struct call *c, const void *in, void *out);
enum err billing_payment_get(struct call *c, const void *in, void *out);
enum err billing_payment_list(struct call *c, const void *in, void *out);
enum err billing_payment_succeed(struct call *c, const void *in, void *out);
enum err billing_payment_fail(struct call *c, const void *in, void *out);
enum err billing_payment_cancel(struct call *c, const void *in, void *out);

MUST_CHECK enum err payment_store_get(struct call *c, struct id id, struct payment *ret_payment);
MUST_CHECK enum err payment_store_lock(struct call *c, struct id id, struct payment *ret_payment);
MUST_CHECK enum err payment_store_insert(struct call *c, const struct payment *payment);
MUST_CHECK enum err payment_store_update(struct call *c, const struct payment *payment);
MUST_CHECK enum err payment_store_list(struct call *c, const struct payment_list_in *filter,
				       struct list_out *ret_list);
extern const struct db_stmt payment_stmts[];
extern const size_t payment_n_stmts;

/* Credit notes -------------------------------------------------------------------------------- */

enum { CREDIT_NOTE_ISSUED, CREDIT_NOTE_VOID, CREDIT_NOTE_STATUS_MAX };
extern const char *const credit_note_status_names[CREDIT_NOTE_STATUS_MAX];

struct credit_note {
	struct id id;
	struct id customer;
	struct id invoice;
	int32_t status;
	int64_t number_seq;
	struct str number;
	struct str external_id;
	struct str reason;
	struct str currency;
	int32_t issue_date;
	int64_t line_count;
	int64_t subtotal;
	int64_t tax;
	int64_t total;
	int64_t applied_to_invoice;
	int64_t to_customer_credit;
	struct str customer_snapshot;
	struct str metadata;
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
	struct slice lines; /* not in lists */
	struct slice taxes; /* not in lists */
};

struct credit_note_input {
	struct id invoice;
	struct id customer;
	struct str external_id;
	struct str reason;
	struct str currency;
	int32_t issue_date;
	struct slice lines; /* struct line_input */
	struct str metadata;
};
struct credit_note_create_in {
	struct credit_note_input body;
};
struct credit_note_get_in {
	struct id id;
};
struct credit_note_list_in {
	struct created_filter created;
	struct id customer;
	struct id invoice;
	struct str external_id;
};

enum err billing_credit_note_create(struct call *c, const void *in, void *out);
enum err billing_credit_note_get(struct call *c, const void *in, void *out);
enum err billing_credit_note_list(struct call *c, const void *in, void *out);

MUST_CHECK enum err credit_note_store_get(struct call *c, struct id id,
					  struct credit_note *ret_note);
MUST_CHECK enum err credit_note_store_insert(struct call *c, const struct credit_note *note);
MUST_CHECK enum err credit_note_store_list(struct call *c, const struct credit_note_list_in *filter,
					   struct list_out *ret_list);
extern const struct db_stmt credit_note_stmts[];
extern const size_t credit_note_n_stmts;

/* Routes, one table for each object -------------------------------------------------------------
 */

extern const struct route invoice_routes[];
extern const size_t invoice_n_routes;
extern const struct route payment_routes[];
extern const size_t payment_n_routes;
extern const struct route credit_note_routes[];
extern const size_t credit_note_n_routes;
extern const struct route ledger_routes[];
extern const size_t ledger_n_routes;

/* What lists answer for filters that no index serves together: a fault. */
MUST_CHECK enum err billing_one_filter(struct call *c, int given);

#endif
