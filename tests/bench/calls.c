/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The packets of many calls, in both directions, over streams to the relay that are already bound to
 * each other (tests/bench/run-call does that): each stream sends one TURN channel message of a
 * call's size every 60 ms, and counts what comes.
 *
 *   calls SECONDS FD...
 */
#include "tests/bench/deposits.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* 12 of RTP, 120 of sound, 10 of its tag; channel, length and padding. */
enum { EVERY_US = 60000, PAYLOAD = 142, FRAME = 148, CHANNEL = 0x4000, SAMPLES = 1 << 20 };

struct stream {
	int fd;
	uint8_t pending[FRAME];
	size_t used;
};

static struct {
	uint64_t sent, arrived;
	uint32_t delay_us[SAMPLES];
} seen;

static void send_frame(const struct stream *s, uint64_t at_us)
{
	uint8_t frame[FRAME] = { CHANNEL >> 8, CHANNEL & 0xff, 0, PAYLOAD, 0x80, 96 };

	memcpy(frame + 16, &at_us, sizeof at_us);
	/* What is due when there is no room is lost, as it is with a call. */
	if (send(s->fd, frame, sizeof frame, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof frame)
		seen.sent++;
	else if (errno != EAGAIN)
		bench_fail("the relay closed a stream");
}

static void take_frame(const uint8_t frame[static FRAME])
{
	uint64_t at_us;

	if (frame[0] != CHANNEL >> 8 || frame[3] != PAYLOAD)
		bench_fail("something else than a packet came");
	memcpy(&at_us, frame + 16, sizeof at_us);
	if (seen.arrived < SAMPLES)
		seen.delay_us[seen.arrived] = (uint32_t)(bench_now_us() - at_us);
	seen.arrived++;
}

static void receive(struct stream *s)
{
	ssize_t n = recv(s->fd, s->pending + s->used, sizeof s->pending - s->used, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN))
		bench_fail("the relay closed a stream");
	s->used += n > 0 ? (size_t)n : 0;
	if (s->used == sizeof s->pending) {
		take_frame(s->pending);
		s->used = 0;
	}
}

/* Each in its own phase, as calls are. */
static void run(struct stream *streams, size_t n, int epoll, uint64_t us)
{
	const uint64_t begin_us = bench_now_us(), end_us = begin_us + us;
	struct epoll_event events[256];

	for (uint64_t turn = 0;;) {
		uint64_t now = bench_now_us(), due;

		while ((due = begin_us + turn / n * EVERY_US + turn % n * EVERY_US / n) <= now &&
				due < end_us)
			send_frame(&streams[turn++ % n], now);
		if (now > end_us + 1000000) /* what is under way may still come */
			return;
		for (int i = epoll_wait(epoll, events, 256, 1); i-- > 0;)
			receive(events[i].data.ptr);
	}
}

static void report(uint64_t us)
{
	size_t kept = seen.arrived < SAMPLES ? seen.arrived : SAMPLES;

	if (!kept)
		bench_fail("nothing came");
	qsort(seen.delay_us, kept, sizeof *seen.delay_us, bench_by_size);
	printf("{\"sent\": %llu, \"arrived\": %llu, \"p50_ms\": %.2f, \"p95_ms\": %.2f, \"cores\": "
	       "%.3f}\n",
			(unsigned long long)seen.sent, (unsigned long long)seen.arrived,
			seen.delay_us[kept / 2] / 1e3, seen.delay_us[kept * 95 / 100] / 1e3,
			(double)clock() / CLOCKS_PER_SEC * 1e6 / (double)us);
}

int main(int argc, char **argv)
{
	size_t n = argc > 2 ? (size_t)argc - 2 : 0;
	struct stream *streams = calloc(n + 1, sizeof *streams);
	uint64_t us = n ? strtoull(argv[1], NULL, 10) * 1000000 : 0;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (!us || !streams || epoll < 0)
		bench_fail("usage: calls SECONDS FD...");
	for (size_t i = 0; i < n; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &streams[i] };

		streams[i].fd = atoi(argv[i + 2]);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, streams[i].fd, &event) < 0)
			bench_fail("no such stream");
	}
	run(streams, n, epoll, us);
	report(us);
	free(streams);
	return 0;
}
