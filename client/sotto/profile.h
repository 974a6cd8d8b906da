/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The profile: made, opened, locked, looked after, carried elsewhere, destroyed. Of sotto.h. */
#ifndef SOTTO_PROFILE_H
#define SOTTO_PROFILE_H
#ifndef SOTTO_H
#error "include sotto.h"
#endif

struct sotto_options {
	size_t size;	   /* sizeof(struct sotto_options) */
	const char *dir;   /* the profile's folder */
	const char *socks; /* Tor's SOCKS port, "HOST:PORT"; NULL: 127.0.0.1:9050 */
	bool decoy;	   /* the decoy, by the profile's own passphrase */
	bool fast;	   /* no random delays: tests only, it gives away what they hide */
	/* For sotto_create and sotto_import: no passphrase opens it without a secret that the
	   desktop's Secret Service keeps from now on (by secret-tool of libsecret; else
	   SOTTO_NO_DEVICE, also later). Lost with that service: keep an export. */
	bool device;
};

/* Whether there is a profile in that folder, whatever its state. */
SOTTO_API bool sotto_exists(const char *dir);

/* A new profile and its keys. server: an invite, or a server's onion name. Takes seconds.
 * SOTTO_EXISTS, SOTTO_BAD_LINK. */
SOTTO_MUST int sotto_create(struct sotto **out, const struct sotto_options *options,
		const char *passphrase, const char *server);
/* Network. The account at that server, where the profile lives since its creation or by
 * sotto_add_server, or SOTTO_EXISTS; may be repeated. */
SOTTO_MUST int sotto_register(struct sotto *sotto, const char *server);

/* passphrase NULL: out of the keyring. Takes about a second with one. A duress passphrase opens the
 * decoy and destroys the profile. SOTTO_E_LOCKED; SOTTO_E_ARGUMENT: the key file is none of ours;
 * SOTTO_E_FILE: there is none. Of the database: SOTTO_DAMAGED, SOTTO_OTHER_VERSION,
 * SOTTO_NO_DECOY. */
SOTTO_MUST int sotto_open(
		struct sotto **out, const struct sotto_options *options, const char *passphrase);
/* Another handle of the same open profile, without a passphrase: for another thread, such as one
 * that sends or fetches a file. */
SOTTO_MUST int sotto_open_beside(struct sotto **out, const struct sotto *sotto);
/* Ends the watch too; NULL is allowed. A request under way is given up, within seconds. */
SOTTO_API void sotto_close(struct sotto *sotto);
/* Whatever of the handle's waits for the network gives up within a second with SOTTO_E_NETWORK, and
 * so does all later; sotto_panic alone goes on. For a signal handler or another thread: the handle
 * must be open. */
SOTTO_API void sotto_stop(struct sotto *sotto);

/* A server may ask for work before it does something: done of about so many tries; 0 and 0: it is
 * over. NULL: no more of it. */
typedef void sotto_on_work(void *userdata, uint64_t done, uint64_t about);
SOTTO_API void sotto_show_work(struct sotto *sotto, sotto_on_work *on_work, void *userdata);

/* Our contact link: whoever has it can write to us. It is the main server's. */
SOTTO_API void sotto_link(const struct sotto *sotto, char out[SOTTO_LINK_ROOM]);

/* --- servers ------------------------------------------------------------ */

/*
 * A profile lives at one server or several, of which one is the main one: there is an account with
 * a contact link at each, and everything that is written to any of them is received. A contact
 * knows of one, for which sotto_add_at, sotto_use_server, or the link they were given decide; else
 * it is the main one. name is that of a server, NAME.onion.
 */
enum { SOTTO_HOMES_MOST = 8 };
struct sotto_server {
	const char *name;
	bool lives_here; /* else something is left there, and is read until nobody needs it */
	uint32_t n_mailboxes;
	bool is_main;
	bool is_away;	     /* nothing came back when this handle asked it last */
	uint32_t n_contacts; /* who know of this one */
	const char *link;    /* the contact link there; NULL: the profile has left */
};
typedef int sotto_on_server(void *userdata, const struct sotto_server *server);
/* The main one first, those that were left last. */
SOTTO_MUST int sotto_servers(struct sotto *sotto, sotto_on_server *on_server, void *userdata);

/* Network. One more. Before the new server has promised an account nothing is changed; after that
 * the same call, or sotto_keep, goes on. server as for sotto_create; answers as of sotto_register,
 * and SOTTO_MANY_HOMES. */
SOTTO_MUST int sotto_add_server(struct sotto *sotto, const char *server);
/* Network. The same, and the main server is left for it, as by sotto_leave_server. */
SOTTO_MUST int sotto_move(struct sotto *sotto, const char *server);
/* New contacts are told of this one. SOTTO_NO_HOME, SOTTO_BAD_LINK. */
SOTTO_MUST int sotto_main_server(struct sotto *sotto, const char *name);
/* This contact is told of this one from now on, under encryption. SOTTO_NO_HOME, SOTTO_BAD_LINK,
 * SOTTO_NO_CONTACT. */
SOTTO_MUST int sotto_use_server(struct sotto *sotto, const char *name, const char *contact);
/* Network. Its contacts are told of the main server instead, under encryption, or of another one
 * that becomes it; mailboxes are read until they write to new ones; the account is ended, now or
 * when that server can be reached. SOTTO_NO_HOME, SOTTO_BAD_LINK, SOTTO_LAST_HOME. */
SOTTO_MUST int sotto_leave_server(struct sotto *sotto, const char *name);
/* Network. Gives up what is left there, such as at a server that is gone. SOTTO_NOTHING: nothing
 * is; SOTTO_BAD_LINK. */
SOTTO_MUST int sotto_forget_server(struct sotto *sotto, const char *name);

/* --- texts, findings ---------------------------------------------------- */

enum sotto_link_kind {
	SOTTO_LINK_NONE = 0,
	SOTTO_LINK_CONTACT = 1, /* for sotto_add */
	SOTTO_LINK_INVITE = 2,	/* for sotto_create and sotto_register, as is the next */
	SOTTO_LINK_SERVER = 3,	/* an onion name */
};
SOTTO_API enum sotto_link_kind sotto_kind_of(const char *text);

/* Network. What is right and wrong, from near to far: profile, Tor, and each server in all its
 * parts, with its account; where one is away those that need it are not looked at. text says what,
 * and what to do. Takes a minute or two where a server is silent. */
enum sotto_part { SOTTO_PROFILE = 0, SOTTO_TOR = 1, SOTTO_SERVER = 2, SOTTO_ACCOUNT = 3 };
struct sotto_finding {
	enum sotto_part part;
	bool good;
	const char *text;
};
typedef int sotto_on_finding(void *userdata, const struct sotto_finding *finding);
SOTTO_MUST int sotto_examine(struct sotto *sotto, sotto_on_finding *on_finding, void *userdata);

/* --- passphrases -------------------------------------------------------- */

/* SOTTO_E_LOCKED: old is wrong. SOTTO_EXISTS: the new one is in use already. Takes seconds. */
SOTTO_MUST int sotto_passwd(const char *dir, const char *old, const char *passphrase);
/* From now on duress opens a decoy and destroys the profile; one that is there stays, under the new
 * duress passphrase. After it the handle is only for sotto_close. SOTTO_E_LOCKED: passphrase is not
 * this profile's; SOTTO_EXISTS: it is duress. Takes seconds. */
SOTTO_MUST int sotto_set_duress(struct sotto *sotto, const char *passphrase, const char *duress);
/* Keeps the opened profile's key in the kernel's keyring until it was not used for idle_s
 * seconds. As sotto_open; SOTTO_NO_KEYRING. */
SOTTO_MUST int sotto_unlock(
		const struct sotto_options *options, const char *passphrase, uint32_t idle_s);
/* The keyring forgets it, and every other process that has it open gets SIGTERM and two seconds.
 * Not while this process has a handle of it: close that first, or SQLite's locks are lost. */
SOTTO_API void sotto_lock(const char *dir);
/* The keyring forgets it, and nobody is ended: for who closes its handle and asks anew. */
SOTTO_API void sotto_forget_key(const char *dir);

/* --- one encrypted file ------------------------------------------------- */

/* Without sessions and their keys: what is imported begins anew with everybody. The file is whole
 * or as it was before. daily: and again each day, by sotto_export_due, under the same
 * passphrase. SOTTO_NO_PLACE: the file's name is too long. Takes seconds. */
SOTTO_MUST int sotto_export(
		struct sotto *sotto, const char *path, const char *passphrase, bool daily);
SOTTO_MUST int sotto_export_no_more(struct sotto *sotto);
/* Call it now and then. SOTTO_NOTHING: it is not time, or was not asked for. */
SOTTO_MUST int sotto_export_due(struct sotto *sotto);

struct sotto_backup {
	size_t size;
	const char *path, *passphrase; /* of the export */
};
/* A new profile, under a passphrase of its own. SOTTO_EXISTS; SOTTO_NO_PLACE: the export cannot be
 * read; SOTTO_E_LOCKED: its passphrase is another; SOTTO_FOREIGN, SOTTO_OTHER_VERSION,
 * SOTTO_DAMAGED, SOTTO_CUT_OFF. A failure leaves nothing. */
SOTTO_MUST int sotto_import(struct sotto **out, const struct sotto_options *options,
		const char *passphrase, const struct sotto_backup *from);

/* --- panic -------------------------------------------------------------- */

/* The first step of all panic, in milliseconds: nobody opens that profile any more. For a signal
 * handler too. SOTTO_E_FILE: not all of the key file could be written. */
SOTTO_MUST int sotto_destroy(const char *dir);
/* Destroys the profile at once, then asks the server to end account and mailboxes, for a minute at
 * most. After it the handle is only for sotto_close. SOTTO_REFUSED: not all of it was asked for;
 * SOTTO_E_FILE: not all files could be destroyed.
 * Panic in another process ends this one by SIGUSR1: who handles it calls sotto_destroy and
 * sotto_stop there, and this as soon as may be. */
SOTTO_MUST int sotto_panic(struct sotto *sotto);
/* The same, and tells: first when nothing can be read any more and n_left is to be asked for, then
 * what came of it. The callback's result is of no matter: nothing ends a panic. */
typedef void sotto_on_panic(void *userdata, uint32_t n_ended, uint32_t n_left);
SOTTO_MUST int sotto_panic_telling(struct sotto *sotto, sotto_on_panic *on_panic, void *userdata);
/* Of a profile that we have no handle of: the files go, and whichever process has it open is told,
 * which asks the server. */
SOTTO_MUST int sotto_panic_locked(const char *dir);

#endif
