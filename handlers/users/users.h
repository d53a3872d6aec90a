/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_USERS_H
#define REMIT_USERS_H

/*
 * Accounts, users, memberships, sessions and API keys: who may act in which account. The worker
 * asks for credentials here, remitctl makes accounts and owners. The functions that make something
 * do not ask what the caller may grant: the routes do. Functions block on the database and belong
 * to the thread of the call.
 */

#include "app/auth/auth.h"
#include "app/base/str.h"
#include "app/call/call.h"
#include "app/http/route.h"

/*
 * A new account. The call acts for it from then on (call->account). A currency that ISO 4217 does
 * not have and an empty name are faults (ERR_VALIDATION).
 */
MUST_CHECK enum err users_account_create(struct call *c, struct str name, struct str currency,
					 struct id *ret_account);
/*
 * The account with the lowest id above `after`, for the operator's tools, which go through all of
 * them. ERR_NOT_FOUND after the last one.
 */
MUST_CHECK enum err users_account_next(struct call *c, struct id after, struct id *ret_account);
/* ERR_NOT_FOUND when there is no such account as the call's. */
MUST_CHECK enum err users_account_check(struct call *c);
/*
 * A member of the call's account: makes the user where the e-mail is new. For the operator a user
 * who exists gets the membership and this password; for anybody else that is ERR_ALREADY_EXISTS.
 * The e-mail is of the form that FIELD_EMAIL decodes. password may be STR_NONE: such a user cannot
 * log in with one. ERR_VALIDATION for a password that the rules refuse; ERR_NOT_FOUND when there is
 * no such account; ERR_ALREADY_EXISTS for a member; ERR_CONFLICT when another call made the user
 * meanwhile. Takes the time of a password hash.
 */
MUST_CHECK enum err users_user_create(struct call *c, struct str email, struct str name,
				      struct str password, enum role role, struct id *ret_user);

/*
 * A new API key of the call's account. expires_at TIME_NONE: never. The caller wipes the token,
 * which cannot be had again. ERR_NOT_FOUND when there is no such account.
 */
MUST_CHECK enum err users_key_create(struct call *c, struct str name, permission_mask mask,
				     int64_t expires_at, struct token *ret_token);
/* Ends a key now; one that has ended stays as it is. ERR_NOT_FOUND. */
MUST_CHECK enum err users_key_revoke(struct call *c, struct id key);

/*
 * The credential of a key or session of the call's account (app/http/serve.h). The permissions of
 * a session are those of the user's role now; without a membership there is no session
 * (ERR_NOT_FOUND). Being loaded is being used: expires_at of a session that is good now is its
 * absolute expiry, or the idle time after now when that is earlier.
 */
MUST_CHECK enum err users_credential_load(struct call *c, enum principal_kind kind, struct id id,
					  struct credential *ret_credential);
/* Notes that it was used, unless that was noted less than a minute ago. */
MUST_CHECK enum err users_credential_used(struct call *c, enum principal_kind kind, struct id id);

extern const struct domain users_domain;

#endif
