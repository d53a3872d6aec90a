/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of products, and the lines of documents that are made from them. */

#include "handlers/orders/orders_internal.h"

#include "app/queue/outbox.h"

#include <stdlib.h>

static enum err taken(struct call *c, enum err e)
{
	if (e != ERR_DB_DUPLICATE)
		return e;
	return call_fail(c, ERR_ALREADY_EXISTS, "another product has this sku");
}

enum err orders_product_create(struct call *c, const void *in, void *out)
{
	const struct product_input *body = &((const struct product_create_in *)in)->body;
	struct product *product = out;
	const struct id id = id_new_at(c->now);
	enum err e;

	*product = (struct product){
		.id = id,
		.sku = body->sku,
		.name = body->name,
		.description = body->description,
		.unit = body->unit,
		.currency = body->currency,
		.unit_price = body->unit_price,
		.tax_percent = body->tax_percent,
		.active = body->active,
		.metadata = body->metadata,
		.created_at = id_time(id),
		.updated_at = id_time(id),
		.version = 1,
	};
	e = products_store_insert(c, product);
	if (e != ERR_OK)
		return taken(c, e);
	return outbox_append(c, "product.created", "prd", id, STR_NONE);
}

enum err orders_product_get(struct call *c, const void *in, void *out)
{
	return products_store_get(c, ((const struct product_get_in *)in)->id, out);
}

/* Copies the members that the merge patch names. */
static enum err apply(struct call *c, const struct product_input *body, struct product *product)
{
	const uint64_t present = body->present;

	if (field_present(present, PRODUCT_INPUT_SKU))
		product->sku = body->sku;
	if (field_present(present, PRODUCT_INPUT_NAME))
		product->name = body->name;
	if (field_present(present, PRODUCT_INPUT_DESCRIPTION))
		product->description = body->description;
	if (field_present(present, PRODUCT_INPUT_UNIT))
		product->unit = body->unit;
	if (field_present(present, PRODUCT_INPUT_CURRENCY))
		product->currency = body->currency;
	if (field_present(present, PRODUCT_INPUT_UNIT_PRICE))
		product->unit_price = body->unit_price;
	if (field_present(present, PRODUCT_INPUT_TAX_PERCENT))
		product->tax_percent = body->tax_percent;
	if (field_present(present, PRODUCT_INPUT_ACTIVE))
		product->active = body->active;
	if (!field_present(present, PRODUCT_INPUT_METADATA))
		return ERR_OK;
	return metadata_merge(c, product->metadata, body->metadata, &product->metadata);
}

enum err orders_product_update(struct call *c, const void *in, void *out)
{
	const struct product_update_in *update = in;
	struct product *product = out;
	enum err e;

	e = products_store_lock(c, update->id, product);
	if (e != ERR_OK)
		return e;
	e = call_check_version(c, product->version);
	if (e != ERR_OK)
		return e;
	e = apply(c, &update->body, product);
	if (e != ERR_OK)
		return e;
	product->updated_at = c->now;
	product->version++;
	e = products_store_update(c, product);
	if (e != ERR_OK)
		return taken(c, e);
	call_touch(c, CACHE_PRODUCT, product->id);
	return outbox_append(c, "product.updated", "prd", product->id, STR_NONE);
}

enum err orders_product_list(struct call *c, const void *in, void *out)
{
	const struct product_list_in *filter = in;

	if (filter->sku.p != NULL && filter->active >= 0) {
		(void)call_fault(c, STR("filter[active]"), "not_combinable",
				 "cannot be combined with filter[sku]");
		return ERR_INVALID_PARAMETER;
	}
	return products_store_list(c, filter, out);
}

/* Lines of documents ------------------------------------------------------------------------- */

static int compare_products(const void *a, const void *b)
{
	return id_cmp(((const struct product *)a)->id, ((const struct product *)b)->id);
}

static int compare_ids(const void *a, const void *b)
{
	return id_cmp(*(const struct id *)a, *(const struct id *)b);
}

/* The products that the lines name, each once, sorted by id. */
static enum err load_products(struct call *c, const struct line_input *inputs, size_t n,
			      struct product **ret_products, size_t *ret_n)
{
	struct id *ids = arena_array(c->arena, n + 1, sizeof(*ids));
	size_t n_ids = 0;
	size_t kept = 0;
	enum err e;

	if (ids == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < n; i++)
		if (!id_is_none(inputs[i].product))
			ids[n_ids++] = inputs[i].product;
	*ret_n = 0;
	if (n_ids == 0)
		return ERR_OK;
	qsort(ids, n_ids, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < n_ids; i++)
		if (i == 0 || !id_eq(ids[i], ids[kept - 1]))
			ids[kept++] = ids[i];
	e = products_store_find(c, ids, kept, ret_products, ret_n);
	if (e == ERR_OK)
		qsort(*ret_products, *ret_n, sizeof(**ret_products), compare_products);
	return e;
}

static const struct product *find_product(const struct product *products, size_t n, struct id id)
{
	const struct product key = { .id = id };

	return n == 0 ? NULL : bsearch(&key, products, n, sizeof(key), compare_products);
}

static enum err line_fault(struct call *c, size_t i, const char *member, const char *code,
			   const char *detail)
{
	return call_fault(c, call_pointer(c, "lines", i, member), code, detail);
}

/* Notes what a line lacks without its product, or what is wrong with the product. */
static enum err check_line(struct call *c, const struct line_input *in, size_t i,
			   const struct product *product, struct str currency)
{
	enum err e = ERR_OK;

	if (!id_is_none(in->product) && product == NULL)
		return line_fault(c, i, "product_id", "unknown_product",
				  "there is no such product");
	if (product != NULL && !product->active)
		e = line_fault(c, i, "product_id", "inactive_product", "the product is not active");
	if (product != NULL && in->unit_price == DEC6_NONE && !str_eq(product->currency, currency))
		e = line_fault(c, i, "product_id", "currency_mismatch",
			       "the product's price is in another currency");
	if (product == NULL && in->description.p == NULL)
		e = line_fault(c, i, "description", "required", "is required without a product");
	if (product == NULL && in->unit_price == DEC6_NONE)
		e = line_fault(c, i, "unit_price", "required", "is required without a product");
	return e;
}

static struct document_line make_line(const struct line_input *in, size_t i,
				      const struct product *product)
{
	struct document_line line = {
		.position = (int64_t)i + 1,
		.product = in->product,
		.description = in->description,
		.unit = in->unit,
		.quantity = in->quantity,
		.unit_price = in->unit_price,
		.discount_percent = in->discount_percent,
		.tax_percent = in->tax_percent,
	};

	if (product != NULL && line.description.p == NULL)
		line.description = product->name;
	if (product != NULL && line.unit.p == NULL)
		line.unit = product->unit;
	if (product != NULL && line.unit_price == DEC6_NONE)
		line.unit_price = product->unit_price;
	if (line.tax_percent == DEC6_NONE)
		line.tax_percent = product != NULL ? product->tax_percent : 0;
	return line;
}

enum err orders_make_lines(struct call *c, const struct slice *inputs, struct str currency,
			   struct document_line **ret_lines)
{
	const struct line_input *in = inputs->p;
	struct document_line *lines = arena_array(c->arena, inputs->n, sizeof(*lines));
	struct product *products = NULL;
	size_t n_products = 0;
	enum err worst = ERR_OK;
	enum err e;

	if (lines == NULL)
		return ERR_NO_MEMORY;
	e = load_products(c, in, inputs->n, &products, &n_products);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < inputs->n; i++) {
		const struct product *product = find_product(products, n_products, in[i].product);

		e = check_line(c, &in[i], i, product, currency);
		if (e != ERR_OK)
			worst = e;
		lines[i] = make_line(&in[i], i, product);
	}
	if (worst == ERR_OK)
		*ret_lines = lines;
	return worst;
}
