/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Another screen, cursor hidden; and back (xterm's and everybody's). */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

static struct termios before;
static bool entered;
static volatile sig_atomic_t ended;

static struct winsize size_of(FILE *out)
{
	struct winsize size = {0};

	if (isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) < 0)
		size = (struct winsize){0};
	return size;
}

unsigned terminal_width(FILE *out)
{
	return size_of(out).ws_col;
}

unsigned terminal_lines(FILE *out)
{
	return size_of(out).ws_row;
}

static void on_end(int signo)
{
	(void)signo;
	ended = 1;
}

bool terminal_enter(void)
{
	/* No SA_RESTART: poll() is to return. */
	struct sigaction act = {.sa_handler = on_end};
	struct termios raw;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
		return false;
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return false;
	entered = true;
	atexit(terminal_leave);
	fputs(ENTER, stdout);
	fflush(stdout);
	return true;
}

void terminal_leave(void)
{
	if (!entered)
		return;
	entered = false;
	fputs(LEAVE, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

int terminal_key(int ms)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	unsigned char key;
	int rc = ended ? -1 : poll(entered ? &p : NULL, entered, ms);

	if (ended || (rc < 0 && errno != EINTR))
		return -1;
	if (rc <= 0)
		return 0;
	return read(STDIN_FILENO, &key, 1) == 1 ? key : -1;
}
