/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_IMPORT_PLAN_H
#define REMIT_CTL_IMPORT_PLAN_H

/*
 * What an import is going to create: the whole history in memory, read and checked before the
 * first request. Amounts are calculated here from the files, apart from what the API answers, so
 * that both can be compared. Everything lives in the plan's arena. One thread.
 */

#include "app/base/arena.h"
#include "app/base/err.h"
#include "app/base/money.h"
#include "app/base/str.h"
#include "app/ctl/import_csv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Place of a customer or product that is none. */
#define IMPORT_NONE UINT32_MAX

/* A growing array. */
struct import_list {
	void *p;
	size_t size; /* of an element */
	uint32_t n, room;
};

/* From names to places. */
struct import_map {
	struct import_slot *slots;
	uint32_t n, room;
};

struct import_customer {
	struct str number; /* in the files */
	struct str name;
	struct str contact;
	struct str phone;
	struct str street;
	struct str city;
	struct str region;
	struct str postal_code;
	struct str country; /* its name */
	struct str id;	    /* of the API; STR_NONE: not there yet */
};

struct import_product {
	struct str number;
	struct str name;
	struct str unit;
	dec6 unit_price;
	bool discontinued; /* in the files: the API takes no lines of inactive products */
	struct str id;
};

struct import_line {
	uint32_t product;	/* IMPORT_NONE: freight */
	uint32_t next;		/* line of the document; IMPORT_NONE: the last */
	struct str description; /* STR_NONE: the product's name */
	dec6 quantity;
	dec6 unit_price;
	dec6 discount_percent;
	int64_t net;
};

/* Documents that share a series of numbers, which the API gives in the order of dates. */
enum import_series { IMPORT_INVOICES, IMPORT_CREDIT_NOTES, IMPORT_SERIES_MAX };

/* How far a document is; see import_run.c. */
enum import_state {
	IMPORT_NEW,   /* an invoice needs its order first */
	IMPORT_READY, /* can get its number */
	IMPORT_OPEN,  /* an invoice that is to be paid */
	IMPORT_DONE,
	IMPORT_BUSY, /* a request is under way */
	IMPORT_FAILED,
};

struct import_document {
	enum import_series series;
	struct str number;
	uint64_t row;
	uint32_t customer;
	int32_t date;
	int32_t paid_date;
	uint32_t first, last, n_lines; /* lines; IMPORT_NONE: none */
	int64_t total;
	enum import_state state;
	dec6 freight; /* what the files add to the lines */
	struct str order_id;
	struct str id; /* of the invoice or credit note */
};

struct import_totals {
	int64_t customers, products;
	int64_t documents[IMPORT_SERIES_MAX];
	int64_t lines[IMPORT_SERIES_MAX]; /* without freight */
	int64_t freight_lines;
	int64_t payments; /* of invoices above zero */
	int64_t net;	  /* of the invoices, without freight */
	int64_t freight;
	int64_t credited; /* by credit notes; positive */
};

/* What was read and is not brought in, and what the person may want to know. */
struct import_notes {
	int64_t rows;			  /* lines of documents in the files */
	int64_t found[IMPORT_SERIES_MAX]; /* documents in the files */
	int64_t zero_lines;		  /* priced zero */
	int64_t stock_lines;		  /* of them: negative quantities, stock adjustments */
	int64_t empty_documents;	  /* without any other line */
	int64_t negative_documents;	  /* whose sum is negative */
	int64_t walk_in_lines;		  /* without a customer */
};

struct import_plan {
	struct arena *arena;
	const char *name;   /* "Northwind" */
	const char *prefix; /* of external ids: "nw" */
	struct str currency;
	struct import_list customers; /* struct import_customer */
	struct import_list products;  /* struct import_product */
	struct import_list
		documents;	  /* struct import_document, by series, date, place in the file */
	struct import_list lines; /* struct import_line */
	struct import_map customer_map, product_map, document_map;
	struct import_totals totals;
	struct import_notes notes;
};

/* The readers: what is wrong is said to the person. ERR_MALFORMED, ERR_IO, ERR_NO_MEMORY. */
MUST_CHECK enum err import_northwind_read(const char *dir, struct import_plan *plan);
MUST_CHECK enum err import_retail_read(const char *file, struct import_plan *plan);

MUST_CHECK enum err import_plan_init(struct import_plan *plan, const char *name, const char *prefix,
				     struct str currency);
void import_plan_free(struct import_plan *plan);

/*
 * The object with this number, zeroed but for the number where it is new (*ret_new). The pointer
 * is valid until the next call for the same kind of object.
 */
MUST_CHECK enum err import_plan_customer(struct import_plan *plan, struct str number,
					 uint32_t *ret_place, bool *ret_new);
MUST_CHECK enum err import_plan_product(struct import_plan *plan, struct str number,
					uint32_t *ret_place, bool *ret_new);
MUST_CHECK enum err import_plan_document(struct import_plan *plan, struct str number,
					 uint32_t *ret_place, bool *ret_new);
/* Appends a line to the document; calculates its net. ERR_OVERFLOW. */
MUST_CHECK enum err import_plan_line(struct import_plan *plan, uint32_t document,
				     const struct import_line *line);
/*
 * After the last row: drops documents without lines and negative ones, sorts, sums up. Says what
 * the API would refuse. ERR_MALFORMED, ERR_OVERFLOW.
 */
MUST_CHECK enum err import_plan_finish(struct import_plan *plan);

struct import_customer *import_customer_at(const struct import_plan *plan, uint32_t place);
struct import_product *import_product_at(const struct import_plan *plan, uint32_t place);
struct import_document *import_document_at(const struct import_plan *plan, uint32_t place);
struct import_line *import_line_at(const struct import_plan *plan, uint32_t place);

/* The place of a name; IMPORT_NONE when the map has none. */
uint32_t import_map_find(const struct import_map *map, struct str name);

/* Copies of a row's field; STR_NONE stays. Control characters become spaces. ERR_NO_MEMORY. */
MUST_CHECK enum err import_text(struct import_plan *plan, struct str s, struct str *ret_copy);
/* A field that must be there and be a decimal or begin with a date; says what is wrong. */
MUST_CHECK enum err import_row_decimal(const struct import_row *row, size_t field, const char *name,
				       dec6 *ret_value);
MUST_CHECK enum err import_row_date(const struct import_row *row, size_t field, const char *name,
				    int32_t *ret_date);

/* The ISO 3166 code of a country's English name, STR_NONE when it is not in the table. */
struct str import_country(struct str name);

#endif
