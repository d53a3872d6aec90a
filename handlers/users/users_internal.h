/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_USERS_INTERNAL_H
#define REMIT_USERS_INTERNAL_H

/*
 * What the files of this domain share: rules, objects, inputs, service functions, stores.
 *
 * Locks are taken in this order: account, membership, user, sessions. Users, and what is asked by
 * user, are not bound to one account: the statements say so.
 */

#include "handlers/users/users.h"

#include "app/http/filter.h"

/* Rules: pure, without a database ------------------------------------------------------------ */

enum {
	PASSWORD_MIN = 10, /* code points */
	PASSWORD_MAX = 128,
	/* Of a user in all accounts: what one call can take out of the cache. */
	SESSIONS_MAX = CALL_TOUCHED_MAX - 1,
};

/* A session, as far as it matters which ones end. */
struct session_ref {
	struct id account;
	struct id id;
	int64_t last_used_at;
	int64_t expires_at;
};

/* Whether everything in `wanted` is in `have`. */
bool users_mask_covers(permission_mask have, permission_mask wanted);
/* ERR_FORBIDDEN when the mask has more than the caller. */
MUST_CHECK enum err users_may_grant(struct call *c, permission_mask mask);
/*
 * Until when a session is good that is asked for at `now`: at its absolute expiry, or the idle
 * time after its last use. When it is good at `now`, this is its last use.
 */
int64_t users_session_good_until(int64_t absolute, int64_t last_used, int64_t idle_s, int64_t now);
/*
 * Moves the sessions that end to make room for a new one to the front: those that are good no
 * longer, then the oldest ones. Returns how many.
 */
size_t users_sessions_surplus(struct session_ref *sessions, size_t n, int64_t idle_s, int64_t now);
/*
 * Permissions named by their scopes with a space between them (RFC 6749 section 3.3). Faults are
 * at /scopes (ERR_VALIDATION).
 */
MUST_CHECK enum err users_scopes_parse(struct call *c, struct str scopes,
				       permission_mask *ret_mask);
/* The JSON array of the scopes of a mask. */
MUST_CHECK enum err users_scopes_text(struct call *c, permission_mask mask, struct str *ret_json);
/* A fault at `pointer` when the password is too short, too long or the e-mail (ERR_VALIDATION). */
MUST_CHECK enum err users_password_check(struct call *c, struct str pointer, struct str email,
					 struct str password);
/* The log-in name of an e-mail address: lower case. ERR_NO_MEMORY. */
MUST_CHECK enum err users_email_key(struct call *c, struct str email, struct str *ret_key);
/* The first `max` bytes of a header, or less: whole characters. STR_NONE when it is not UTF-8. */
struct str users_header_text(struct str s, size_t max);

/* Accounts and the principal ----------------------------------------------------------------- */

struct account {
	struct id id;
	struct str name;
	struct str currency;
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
};

struct account_input {
	uint64_t present;
	struct str name;
	struct str currency;
};
enum { ACCOUNT_INPUT_NAME, ACCOUNT_INPUT_CURRENCY };

struct account_update_in {
	struct account_input body;
};

struct me {
	int32_t kind;
	struct str id; /* TypeID of the key or session */
	struct id account;
	struct id user;
	struct str email;
	struct str name;
	int32_t role;
	struct str scopes;
};

enum err users_account_get(struct call *c, const void *in, void *out);
enum err users_account_update(struct call *c, const void *in, void *out);
enum err users_me_get(struct call *c, const void *in, void *out);

/* The call's account. */
MUST_CHECK enum err users_store_account_get(struct call *c, struct account *ret_account);
MUST_CHECK enum err users_store_account_lock(struct call *c, struct account *ret_account);
MUST_CHECK enum err users_store_account_insert(struct call *c, const struct account *account);
MUST_CHECK enum err users_store_account_update(struct call *c, const struct account *account);

extern const struct db_stmt users_account_stmts[];
extern const size_t users_account_n_stmts;
extern const struct route users_account_routes[];
extern const size_t users_account_n_routes;

/* Users and memberships ---------------------------------------------------------------------- */

/* What logging in needs of a user. */
struct user {
	struct id id;
	struct str email;
	struct str phc; /* STR_NONE: no password */
};

/* A user in the call's account. created_at is the user's, like the id; the rest the membership's.
 */
struct member {
	struct id id;
	struct str email;
	struct str name;
	int32_t role;
	int64_t joined_at;
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
};

/* An account of a user. */
struct membership {
	struct id account;
	struct str account_name;
	int32_t role;
};

struct new_user {
	struct id id;
	struct str email;
	struct str email_key;
	struct str name;
	struct str phc;
};

struct user_input {
	struct str email;
	struct str name;
	struct str password;
	int32_t role;
};
struct user_create_in {
	struct user_input body;
};
struct user_get_in {
	struct id id;
};
struct role_input {
	uint64_t present;
	int32_t role;
};
struct user_update_in {
	struct id id;
	struct role_input body;
};
struct user_list_in {
	struct created_filter created;
};

enum err users_member_create(struct call *c, const void *in, void *out);
enum err users_member_get(struct call *c, const void *in, void *out);
enum err users_member_list(struct call *c, const void *in, void *out);
enum err users_member_update(struct call *c, const void *in, void *out);
enum err users_member_remove(struct call *c, const void *in, void *out);

MUST_CHECK enum err users_store_user_find(struct call *c, struct str email_key,
					  struct user *ret_user);
MUST_CHECK enum err users_store_user_get(struct call *c, struct id id, struct user *ret_user);
MUST_CHECK enum err users_store_user_lock(struct call *c, struct id id, struct user *ret_user);
MUST_CHECK enum err users_store_user_insert(struct call *c, const struct new_user *user);
MUST_CHECK enum err users_store_user_set_password(struct call *c, struct id id, struct str phc);
/* At most `max` accounts of a user, in the order of their ids. */
MUST_CHECK enum err users_store_memberships(struct call *c, struct id user, size_t max,
					    struct membership **ret_memberships, size_t *ret_n);

MUST_CHECK enum err users_store_member_get(struct call *c, struct id id, struct member *ret_member);
/* Locks membership and user. */
MUST_CHECK enum err users_store_member_lock(struct call *c, struct id id,
					    struct member *ret_member);
MUST_CHECK enum err users_store_member_insert(struct call *c, struct id user, enum role role);
MUST_CHECK enum err users_store_member_update(struct call *c, const struct member *member);
MUST_CHECK enum err users_store_member_delete(struct call *c, struct id user);
/* The number of owners of the account, which is locked. */
MUST_CHECK enum err users_store_owners(struct call *c, int64_t *ret_n);
MUST_CHECK enum err users_store_member_list(struct call *c, const struct user_list_in *filter,
					    struct list_out *ret_list);

extern const struct db_stmt users_user_stmts[];
extern const size_t users_user_n_stmts;

/* Sessions and passwords --------------------------------------------------------------------- */

struct session {
	struct id id;
	struct id account;
	struct id user;
	int32_t role;
	struct str user_agent;
	struct str remote_addr;
	int64_t created_at;
	int64_t last_used_at;
	int64_t expires_at;
	bool current;
	struct str token; /* shown once */
};

/* What a credential is made of. */
struct session_secret {
	struct id user;
	struct str hash;
	int32_t role; /* of the membership */
	int64_t last_used_at;
	int64_t expires_at;
	int64_t revoked_at;
};

struct session_input {
	struct str email;
	struct str password;
	struct id account;
};
struct session_create_in {
	struct session_input body;
};
struct session_get_in {
	struct id id;
};
struct session_list_in {
	struct created_filter created;
};
struct password_input {
	struct str current_password;
	struct str new_password;
};
struct password_change_in {
	struct password_input body;
};

enum err users_session_create(struct call *c, const void *in, void *out);
enum err users_session_list(struct call *c, const void *in, void *out);
enum err users_session_revoke(struct call *c, const void *in, void *out);
enum err users_password_change(struct call *c, const void *in, void *out);

/* Ends these sessions, of whatever account, and takes them out of the cache; not the one `but`. */
MUST_CHECK enum err users_sessions_end(struct call *c, const struct session_ref *sessions, size_t n,
				       struct id but);

/* The sessions of a user in all accounts: at most SESSIONS_MAX. */
MUST_CHECK enum err users_store_sessions_of_user(struct call *c, struct id user,
						 struct session_ref **ret_sessions, size_t *ret_n);
/* The sessions of a user in the call's account. */
MUST_CHECK enum err users_store_sessions_of_member(struct call *c, struct id user,
						   struct session_ref **ret_sessions,
						   size_t *ret_n);
MUST_CHECK enum err users_store_session_secret(struct call *c, struct id id,
					       struct session_secret *ret_secret);
MUST_CHECK enum err users_store_session_owner(struct call *c, struct id id, struct id *ret_user);
MUST_CHECK enum err users_store_session_insert(struct call *c, const struct session *session,
					       const unsigned char hash[32]);
MUST_CHECK enum err users_store_session_delete(struct call *c, struct id account, struct id id);
MUST_CHECK enum err users_store_session_used(struct call *c, struct id id, int64_t before);
MUST_CHECK enum err users_store_session_list(struct call *c, const struct session_list_in *filter,
					     struct list_out *ret_list);

extern const struct db_stmt users_session_stmts[];
extern const size_t users_session_n_stmts;
extern const struct route users_session_routes[];
extern const size_t users_session_n_routes;

/* API keys ----------------------------------------------------------------------------------- */

struct api_key {
	struct id id;
	struct str name;
	int64_t permissions; /* permission_mask */
	struct str scopes;   /* JSON array of the same */
	struct str token;    /* shown once */
	int64_t last_used_at;
	int64_t expires_at;
	int64_t revoked_at;
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
};

/* What a credential is made of. */
struct key_secret {
	struct str hash;
	int64_t permissions;
	int64_t expires_at;
	int64_t revoked_at;
};

struct api_key_input {
	struct str name;
	int32_t role;
	struct str scopes;
	int64_t expires_at;
};
struct api_key_create_in {
	struct api_key_input body;
};
struct api_key_get_in {
	struct id id;
};
struct rotate_input {
	int64_t overlap_s;
	int64_t expires_at;
};
struct api_key_rotate_in {
	struct id id;
	struct rotate_input body;
};
struct api_key_list_in {
	struct created_filter created;
};

enum err users_api_key_create(struct call *c, const void *in, void *out);
enum err users_api_key_get(struct call *c, const void *in, void *out);
enum err users_api_key_list(struct call *c, const void *in, void *out);
enum err users_api_key_revoke(struct call *c, const void *in, void *out);
enum err users_api_key_rotate(struct call *c, const void *in, void *out);

MUST_CHECK enum err users_store_key_get(struct call *c, struct id id, struct api_key *ret_key);
MUST_CHECK enum err users_store_key_lock(struct call *c, struct id id, struct api_key *ret_key);
MUST_CHECK enum err users_store_key_secret(struct call *c, struct id id,
					   struct key_secret *ret_secret);
MUST_CHECK enum err users_store_key_insert(struct call *c, const struct api_key *key,
					   const unsigned char hash[32]);
MUST_CHECK enum err users_store_key_end(struct call *c, const struct api_key *key);
MUST_CHECK enum err users_store_key_used(struct call *c, struct id id, int64_t before);
MUST_CHECK enum err users_store_key_list(struct call *c, const struct api_key_list_in *filter,
					 struct list_out *ret_list);

extern const struct db_stmt users_api_key_stmts[];
extern const size_t users_api_key_n_stmts;
extern const struct route users_api_key_routes[];
extern const size_t users_api_key_n_routes;

#endif
