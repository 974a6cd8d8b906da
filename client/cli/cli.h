/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The command line, on client/sotto.h alone: each command is a function over an open profile;
 * main.c has the table. */
#ifndef SOTTO_CLI_H
#define SOTTO_CLI_H

#include "client/scan/scan.h"
#include "client/sotto.h"
#include "libshared/scope.h"

#include <jansson.h>

struct cli {
	const char *dir, *socks, *server;
	int passphrase_fd;
	bool json, fast;
	const char *file;   /* send: the file */
	const char *search; /* history: words */
	int64_t work_shown_ms, progress_shown_ms;
	bool yes, no;
	bool daily; /* export: and from now on */
	bool decoy; /* the decoy, opened with the profile's own passphrase */
	bool device;
	int argc; /* what follows the command */
	char **argv;
	struct sotto_call_options call;
	struct sotto *sotto; /* or NULL */
};

/* Each returns 0, or what sotto.h answered or would, which was told already. */
int init_command(struct cli *cli);
int id_command(struct cli *cli);
int add_command(struct cli *cli);
int accept_command(struct cli *cli);
int requests_command(struct cli *cli);
int block_command(struct cli *cli);
int unblock_command(struct cli *cli);
int rename_command(struct cli *cli);
int end_command(struct cli *cli);
int contacts_command(struct cli *cli);
enum { VERIFY_WORDS = 12 }; /* groups of digits */
int verify_command(struct cli *cli);
int send_command(struct cli *cli);
int recv_command(struct cli *cli);
int watch_command(struct cli *cli);
int log_command(struct cli *cli);
int passwd_command(struct cli *cli);
int duress_command(struct cli *cli);
int unlock_command(struct cli *cli);
int lock_command(struct cli *cli);
int doctor_command(struct cli *cli);
int chat_command(struct cli *cli);
int panic_command(struct cli *cli);
int export_command(struct cli *cli);
int import_command(struct cli *cli);
int trace_command(struct cli *cli);
int files_command(struct cli *cli);
int history_command(struct cli *cli);
int receipts_command(struct cli *cli);
int edit_command(struct cli *cli);
int delete_command(struct cli *cli);
int timer_command(struct cli *cli);
int get_command(struct cli *cli);
int group_command(struct cli *cli);
int server_command(struct cli *cli);
int send_file(struct cli *cli); /* send --file */
int call_command(struct cli *cli);
int answer_command(struct cli *cli);
int decline_command(struct cli *cli);

/* Runs the command whose name and words are cli->argv; returns sotto's exit status. */
int cli_run(struct cli *cli);

/* --- show.c ------------------------------------------------------------- */

/* One line, or one JSON object, for a person or a program. */
void show_event(const struct cli *cli, const char *event, const char *text); /* text may be NULL */
void show_clean(const char *text); /* on standard output, without what steers a terminal */
void show_json(json_t *json);	   /* takes it */
sotto_on_work show_work;	   /* userdata: the cli */
/* So much of a file is sent or fetched; on a terminal in place, and done == of ends it. */
void show_progress(struct cli *cli, const char *name, uint64_t done, uint64_t of);
sotto_on_message show_message;		     /* userdata: the cli */
int show_unread(struct cli *cli) MUST_CHECK; /* what has come and was not shown yet */

/* "sotto: what went wrong" on standard error; returns rc. */
int tell(const struct cli *cli, int rc, const char *what);
/* The same for an answer of sotto.h, which says it itself; nothing for 0. */
int tell_answer(const struct cli *cli, int rc);

/* --- the others --------------------------------------------------------- */

/* vault.c: cli->sotto, out of the keyring or by passphrase. Told already. */
int open_profile(struct cli *cli) MUST_CHECK;
struct sotto_options options_of(const struct cli *cli);

/* passphrase.c: the next line of the descriptor, or from the terminal without echo. Each is told
 * already. A new one is asked for twice and must not be easy to guess. */
struct passphrase {
	char text[SOTTO_PASSPHRASE_MOST + 1];
};
int passphrase_read(struct passphrase *out, const struct cli *cli) MUST_CHECK;
int passphrase_ask(struct passphrase *out, const struct cli *cli, const char *prompt) MUST_CHECK;
int passphrase_new(struct passphrase *out, const struct cli *cli, const char *prompt) MUST_CHECK;
void passphrase_wipe(struct passphrase *passphrase);
static inline __attribute__((unused)) void passphrase_wipe_ref(struct passphrase *passphrase)
{
	passphrase_wipe(passphrase);
}

/* text.c: "-": standard input, without the last end of line. Owned. SOTTO_NOT_TEXT. */
int text_read(char **out, const char *given) MUST_CHECK;
void text_free(char *text); /* wipes */
DEFINE_CLEANUP(char *, text_free)

/* call.c: who rings, and whom one has missed. */
int show_calls(struct cli *cli) MUST_CHECK;

/* scan.c: the text of one of our QR codes, given as it is or as a picture of it. Told already. */
int read_said(char out[static SCAN_TEXT_MOST + 1], const struct cli *cli,
		const char *said) MUST_CHECK;

/* backup.c: when a day has passed, if it was asked for. Told already. */
void export_daily(struct cli *cli);

/* panic.c: from now on SIGUSR1 destroys cli->dir at once, and stops the network of the handle that
 * panic_stops() names; who sees panic_is_asked() goes on with panic_finish(). */
void panic_on_signal(const struct cli *cli);
void panic_stops(struct sotto *sotto); /* before it is closed: NULL */
bool panic_is_asked(void);
int panic_finish(struct cli *cli) MUST_CHECK;

/* main.c: a number and nothing else, or -1. */
int read_number(const char *text);
/* trace.c: "HOST:PORT". */
enum { HOST_MOST = 128, PORT_MOST = 6 };
bool read_socks(char host[static HOST_MOST], char port[static PORT_MOST], const char *text);

#endif
