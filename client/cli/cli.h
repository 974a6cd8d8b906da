/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The command line, on client/sotto.h alone: each command is a function over an open profile;
 * main.c has the table. */
#ifndef SOTTO_CLI_H
#define SOTTO_CLI_H

#include "client/scan/scan.h"
#include "client/sotto.h"
#include "libshared/scope.h"

#include <jansson.h>
#include <stdio.h>

/* What went wrong, as far as it was told: for a program it is shown at the end. */
struct failure {
	char message[512], hint[512];
};

struct cli {
	const char *dir, *socks, *server;
	int passphrase_fd;
	bool json, fast, help, version;
	uint64_t given; /* a bit for each row of option_rows */
	struct failure *failure;
	const char *file;   /* send: the file */
	const char *search; /* history: words */
	int64_t work_shown_ms, progress_shown_ms;
	bool yes, no;
	bool now;	    /* recv: without gaps between mailboxes */
	bool reads;	    /* and the line that shows it stands there */
	bool daily;	    /* export: and from now on */
	bool decoy;	    /* the decoy, opened with the profile's own passphrase */
	int lock_after_min; /* chat: 0: never */
	bool device;
	int argc; /* what follows the command */
	char **argv;
	struct sotto_call_options call;
	struct sotto *sotto; /* or NULL */
};

/* What a command may return besides 0 and the results of sotto.h. */
enum cli_result {
	CLI_STOPPED = 1000, /* by a signal; the same again goes on */
	CLI_UNWELL = 1001,  /* doctor, trace: something is not as it should be, which was shown */
	CLI_NO_CALL = 1002,
	CLI_NO_PROFILE = 1003,
	CLI_WEAK = 1004, /* a passphrase */
	CLI_NO_PROGRAM = 1005,
	CLI_NO_CAGE = 1006, /* no namespace, no seccomp */
	CLI_STATUS = 2000,  /* and an exit status: of a command that has told all itself */
};

struct command {
	const char *name, *args;
	int n_args, n_more; /* must be given, may be given besides */
	bool opens;	    /* wants an open profile */
	const char *help;
	int (*run)(struct cli *cli); /* its result was told already */
};
extern const struct command commands[]; /* main.c; the last has no name */

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
sotto_on_message show_line; /* history.c: with time, state and number; userdata: the cli */
int passwd_command(struct cli *cli);
int duress_command(struct cli *cli);
enum { IDLE_MIN = 15, IDLE_MIN_MOST = 24 * 60 }; /* of unlock, and of chat */
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
int forget_command(struct cli *cli);
int group_command(struct cli *cli);
int server_command(struct cli *cli);
int send_file(struct cli *cli); /* send --file */
/* group send --file: not told yet, and what announces it is not sent yet. */
int send_group_file(struct cli *cli);
int tell_file(const struct cli *cli, int rc);
int call_command(struct cli *cli);
int answer_command(struct cli *cli);
int decline_command(struct cli *cli);
int help_command(struct cli *cli);

/* Runs the command whose name and words are cli->argv; returns sotto's exit status. */
int cli_run(struct cli *cli);

/* --- show.c ------------------------------------------------------------- */

/* One line, or one JSON object, for a person or a program. */
void show_event(const struct cli *cli, const char *event, const char *text); /* text may be NULL */
/* What takes a while begins: on standard error, for a person. */
void show_step(const struct cli *cli, const char *text);
void show_clean(const char *text); /* on standard output, without what steers a terminal */
void show_clean_to(FILE *to, const char *text);
void show_json(json_t *json);		/* takes it */
json_t *show_string(const char *bytes); /* what is no UTF-8 in it becomes question marks */
sotto_on_work show_work;		/* userdata: the cli */
/* So much of a file is sent or fetched; on a terminal in place, and done == of ends it. */
void show_progress(struct cli *cli, const char *name, uint64_t done, uint64_t of);
/* What has come by now, and how many mailboxes were read: on a terminal in place. */
sotto_on_reading show_reading;		     /* userdata: the cli */
void show_read_all(struct cli *cli);	     /* it is over */
sotto_on_message show_message;		     /* userdata: the cli */
int show_unread(struct cli *cli) MUST_CHECK; /* what has come and was not shown yet */

/* colour.c: where colours are wanted, else the bare text. */
enum colour { BOLD, RED, GREEN, YELLOW };
void paint(FILE *to, enum colour colour, const char *text);

/* --- tell.c ------------------------------------------------------------- */

/* What went wrong, and in a second call what to do or what is true all the same; returns rc. */
int tell(const struct cli *cli, int rc, const char *what);
/* The same for an answer of sotto.h, which says it itself; nothing for 0. */
int tell_answer(const struct cli *cli, int rc);
/* The same for what a person has read already, and only a program has not. */
int answer(const struct cli *cli, int rc, const char *what);
/* Nothing that the command fails of. */
void warn(const struct cli *cli, const char *what);
/* For a program, the error that rc is; the exit status. */
int tell_finish(const struct cli *cli, int rc);
void tell_all(const struct cli *cli); /* statuses and codes */

/* --- options.c, help.c -------------------------------------------------- */

struct option_row {
	char letter; /* not to be typed */
	const char *name, *value;
	const char *takers; /* commands; NULL: all */
	const char *help;
};
extern const struct option_row option_rows[]; /* the last has no name */
bool option_is_of(const struct option_row *row, const char *command);
/* What does not fit is told. */
int options_read(struct cli *cli, int argc, char **argv) MUST_CHECK;
int options_suit(const struct cli *cli, const char *command) MUST_CHECK;

bool is_near(const char *typed, const char *word);
void help_all(const struct cli *cli, FILE *to);
int help_page(const struct cli *cli, const struct command *command);
/* Each returns what the wrong line is, and tells. */
int help_wrong(const struct cli *cli, const struct command *command);
int help_unknown(const struct cli *cli, const char *typed);
int help_verbs(const struct cli *cli, const char *command);
extern const char *const state_words[]; /* history.c: by enum sotto_message_state */
/* groups.c, server.c: a line for each verb. */
void group_verbs(char *out, size_t room);
void server_verbs(char *out, size_t room);

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

/* changes.c: what a time is. */
int tell_span(const struct cli *cli, int rc);

/* text.c: "-": standard input, without the last end of line. Owned. SOTTO_NOT_TEXT. */
int text_read(char **out, const char *given) MUST_CHECK;
void text_free(char *text); /* wipes */
DEFINE_CLEANUP(char *, text_free)

/* server.c: the name of a server where the profile lives or has left something, by its beginning.
 * Told already. */
enum { SERVER_ROOM = 64 };
int server_named(char out[static SERVER_ROOM], struct cli *cli, const char *said) MUST_CHECK;
/* Which of them did not answer. */
void show_away(struct cli *cli);

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

/* memory.c: before anything secret is here. */
void memory_lock(void);
/* How it is with memory and swap, in a sentence; false: not well. */
bool memory_examine(char *out, size_t room);

/* main.c: a number and nothing else, or -1. */
int read_number(const char *text);
/* trace.c: "HOST:PORT". */
enum { HOST_MOST = 128, PORT_MOST = 6 };
bool read_socks(char host[static HOST_MOST], char port[static PORT_MOST], const char *text);

#endif
