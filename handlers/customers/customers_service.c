/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of customers. No SQL, no HTTP. */

#include "handlers/customers/customers_internal.h"

#include "app/queue/outbox.h"

/* A unique key was hit: the only one a client can hit is external_id. */
static enum err taken(struct call *c, enum err e)
{
	if (e != ERR_DB_DUPLICATE)
		return e;
	return call_fail(c, ERR_ALREADY_EXISTS, "another customer has this external_id");
}

static enum err not_both(struct call *c, const struct customer_list_in *filter)
{
	if (filter->email.p == NULL || filter->external_id.p == NULL)
		return ERR_OK;
	(void)call_fault(c, STR("filter[email]"), "not_combinable",
			 "cannot be combined with filter[external_id]");
	return ERR_INVALID_PARAMETER;
}

enum err customers_create(struct call *c, const void *in, void *out)
{
	const struct customer_input *body = &((const struct customer_create_in *)in)->body;
	struct customer *customer = out;
	const struct id id = id_new_at(c->now);
	enum err e;

	*customer = (struct customer){
		.id = id,
		.name = body->name,
		.email = body->email,
		.phone = body->phone,
		.currency = body->currency,
		.external_id = body->external_id,
		.tax_id = body->tax_id,
		.address = body->address,
		.metadata = body->metadata,
		.archived_at = body->archived ? c->now : TIME_NONE,
		.created_at = id_time(id),
		.updated_at = id_time(id),
		.version = 1,
	};
	e = customers_store_insert(c, customer);
	if (e != ERR_OK)
		return taken(c, e);
	return outbox_append(c, "customer.created", "cus", id, STR_NONE);
}

enum err customers_get(struct call *c, const void *in, void *out)
{
	return customers_store_get(c, ((const struct customer_get_in *)in)->id, out);
}

/* Members of the address that the merge patch names; null for the whole names all of them. */
static void apply_address(const struct address *patch, struct address *address)
{
	struct str *const to[] = { &address->line1,  &address->line2,	    &address->city,
				   &address->region, &address->postal_code, &address->country };
	const struct str from[] = { patch->line1,  patch->line2,       patch->city,
				    patch->region, patch->postal_code, patch->country };

	for (unsigned i = 0; i < sizeof(from) / sizeof(from[0]); i++)
		if (field_present(patch->present, i))
			*to[i] = from[i];
}

/* Copies the members that the merge patch names. */
static enum err apply(struct call *c, const struct customer_input *body, struct customer *customer)
{
	const uint64_t present = body->present;

	if (field_present(present, CUSTOMER_INPUT_NAME))
		customer->name = body->name;
	if (field_present(present, CUSTOMER_INPUT_EMAIL))
		customer->email = body->email;
	if (field_present(present, CUSTOMER_INPUT_PHONE))
		customer->phone = body->phone;
	if (field_present(present, CUSTOMER_INPUT_CURRENCY))
		customer->currency = body->currency;
	if (field_present(present, CUSTOMER_INPUT_EXTERNAL_ID))
		customer->external_id = body->external_id;
	if (field_present(present, CUSTOMER_INPUT_TAX_ID))
		customer->tax_id = body->tax_id;
	if (field_present(present, CUSTOMER_INPUT_ADDRESS))
		apply_address(&body->address, &customer->address);
	if (field_present(present, CUSTOMER_INPUT_ARCHIVED) &&
	    body->archived != (customer->archived_at != TIME_NONE))
		customer->archived_at = body->archived ? c->now : TIME_NONE;
	if (!field_present(present, CUSTOMER_INPUT_METADATA))
		return ERR_OK;
	return metadata_merge(c, customer->metadata, body->metadata, &customer->metadata);
}

enum err customers_update(struct call *c, const void *in, void *out)
{
	const struct customer_update_in *update = in;
	struct customer *customer = out;
	enum err e;

	e = customers_store_lock(c, update->id, customer);
	if (e != ERR_OK)
		return e;
	e = call_check_version(c, customer->version);
	if (e != ERR_OK)
		return e;
	e = apply(c, &update->body, customer);
	if (e != ERR_OK)
		return e;
	customer->updated_at = c->now;
	customer->version++;
	e = customers_store_update(c, customer);
	if (e != ERR_OK)
		return taken(c, e);
	call_touch(c, CACHE_CUSTOMER, customer->id);
	return outbox_append(c, "customer.updated", "cus", customer->id, STR_NONE);
}

enum err customers_list(struct call *c, const void *in, void *out)
{
	const enum err e = not_both(c, in);

	if (e != ERR_OK)
		return e;
	return customers_store_list(c, in, out);
}

enum err customers_for_document(struct call *c, struct id id, struct str pointer,
				struct customer_terms *ret_terms)
{
	struct customer_terms terms;
	const enum err e = customers_store_terms(c, id, &terms);

	if (e == ERR_NOT_FOUND)
		return call_fault(c, pointer, "unknown_customer", "there is no such customer");
	if (e != ERR_OK)
		return e;
	if (terms.archived_at != TIME_NONE)
		return call_fault(c, pointer, "archived_customer", "the customer is archived");
	*ret_terms = terms;
	return ERR_OK;
}

/* What a document prints of a customer. */
static const struct field snapshot_fields[] = {
	{ .name = "id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct customer, id),
	  .prefix = "cus" },
	{ .name = "name", .type = FIELD_STR, .offset = offsetof(struct customer, name) },
	{ .name = "email", .type = FIELD_EMAIL, .offset = offsetof(struct customer, email) },
	{ .name = "tax_id", .type = FIELD_STR, .offset = offsetof(struct customer, tax_id) },
	{ .name = "address",
	  .type = FIELD_OBJECT,
	  .offset = offsetof(struct customer, address),
	  .of = &address_schema },
};
static const struct schema snapshot_schema = {
	.name = "CustomerSnapshot",
	SCHEMA_FIELDS(snapshot_fields, struct customer),
};

enum err customers_snapshot(struct call *c, struct id id, struct str *ret_json)
{
	struct customer customer;
	struct buf b;
	const enum err e = customers_store_get(c, id, &customer);

	if (e != ERR_OK)
		return e;
	buf_init(&b, c->arena, 512, 64 << 10);
	schema_encode(&b, &snapshot_schema, &customer);
	return buf_finish(&b, ret_json);
}
