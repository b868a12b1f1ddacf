/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_eal.h>
#include <seccomp.h>

#include "base/log.h"

LOG_MODULE(main);

#define BIT(cap) (UINT64_C(1) << (cap))
#define ROUNDS_MAX 16 /* looks at the list of threads until no new one is found */
#define THREADS_MAX 1024
#define HEARD_S 10 /* a thread that does not take its signal for so long never will */

void sandbox_of(const struct config *config, struct sandbox *out)
{
	*out = (struct sandbox){.off = config->gateway.sandbox == CONFIG_SANDBOX_OFF};
	for (uint32_t i = 0; i < config->n_ports; i++) {
		switch (config->ports[i].kind) {
		case CONFIG_DEVICE_PCI:
			out->pci = true;
			break;
		case CONFIG_DEVICE_XDP:
			out->xdp = true;
			break;
		case CONFIG_DEVICE_KERNEL:
		case CONFIG_DEVICE_TAP:
			out->kernel = true;
			break;
		case CONFIG_DEVICE_VDEV:
			break;
		}
	}
}

/* --- capabilities ---------------------------------------------------------------------------- */

/* What every thread keeps: memory of NICs grows where records are learned and worlds built. */
static uint64_t keep_all(const struct sandbox *s)
{
	uint64_t keep = 0;

	if (s->pci)
		keep |= BIT(CAP_IPC_LOCK);
	if (s->pci && rte_eal_iova_mode() == RTE_IOVA_PA) /* it reads physical addresses */
		keep |= BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_RAWIO);
	return keep;
}

/* ... and the main one, which closes the ports: interfaces are left as they were. */
static uint64_t keep_main(const struct sandbox *s)
{
	uint64_t keep = keep_all(s);

	if (s->kernel || s->xdp)
		keep |= BIT(CAP_NET_ADMIN);
	if (s->xdp)
		keep |= BIT(CAP_BPF);
	return keep;
}

/* The calling thread's. Only system calls: it runs in a signal handler. */
static int keep_only(uint64_t keep)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (int cap = 0; cap <= 63; cap++)
		if ((keep & BIT(cap)) == 0 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 &&
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EPERM)
			return -errno;
	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> 32 * i);
		data[i].effective &= data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* What the handler needs; one process, one sandbox. */
static struct {
	uint64_t keep;
	volatile sig_atomic_t failed;
	sem_t done;
} broadcast;

static void on_broadcast(int signo)
{
	int saved = errno;

	(void)signo;
	if (keep_only(broadcast.keep) < 0)
		broadcast.failed = 1;
	sem_post(&broadcast.done);
	errno = saved;
}

static bool listed(const pid_t *tids, unsigned n, pid_t tid)
{
	for (unsigned i = 0; i < n; i++)
		if (tids[i] == tid)
			return true;
	return false;
}

/* Has the thread do it, and waits for it. A thread that ended meanwhile is fine. */
static int tell_thread(pid_t tid, int signo)
{
	struct timespec until;

	if (syscall(SYS_tgkill, getpid(), tid, signo) < 0)
		return errno == ESRCH ? 0 : -errno;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HEARD_S;
	while (sem_timedwait(&broadcast.done, &until) < 0)
		if (errno != EINTR)
			return -errno;
	return broadcast.failed ? -EPERM : 0;
}

/* One look at the list of threads: those not told yet are told. Returns how many, or -errno. */
static int tell_round(pid_t *tids, unsigned *n, int signo)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	int told = 0, rc = 0;

	if (d == NULL)
		return -errno;
	while (rc == 0 && (e = readdir(d)) != NULL) {
		pid_t tid = (pid_t)strtol(e->d_name, NULL, 10);

		if (tid == 0 || listed(tids, *n, tid))
			continue;
		if (*n == THREADS_MAX) {
			rc = -E2BIG;
			break;
		}
		tids[(*n)++] = tid;
		rc = tell_thread(tid, signo);
		told++;
	}
	closedir(d);
	return rc < 0 ? rc : told;
}

/* All threads but this one. A thread made meanwhile is found in the next round. */
static int tell_threads(uint64_t keep)
{
	static pid_t tids[THREADS_MAX];
	struct sigaction act = {.sa_handler = on_broadcast, .sa_flags = SA_RESTART}, was;
	int signo = SIGRTMIN + 5, rc = 1;
	unsigned n = 0;

	broadcast.keep = keep;
	sem_init(&broadcast.done, 0, 0);
	sigfillset(&act.sa_mask);
	if (sigaction(signo, &act, &was) < 0)
		return -errno;
	tids[n++] = (pid_t)syscall(SYS_gettid);
	for (unsigned i = 0; i < ROUNDS_MAX && rc > 0; i++)
		rc = tell_round(tids, &n, signo);
	sigaction(signo, &was, NULL);
	sem_destroy(&broadcast.done);
	return rc > 0 ? -EAGAIN : rc;
}

/* --- system calls ---------------------------------------------------------------------------- */

/*
 * What libc, DPDK, libmicrohttpd and we call once all is open. Threads are still made: telemetry
 * has one for each of its clients. Nothing runs another program, changes who it is, mounts, traces
 * or loads.
 */
static const int allowed[] = {
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(mlock),
	SCMP_SYS(munlock),
	SCMP_SYS(msync),
	SCMP_SYS(mbind),
	SCMP_SYS(get_mempolicy),
	SCMP_SYS(set_mempolicy),
	SCMP_SYS(move_pages),
	SCMP_SYS(memfd_create),
	/* threads, time, signals */
	SCMP_SYS(clone),
	SCMP_SYS(clone3),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(get_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(set_tid_address),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(futex),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_setaffinity),
	SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler),
	SCMP_SYS(getcpu),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(tgkill),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(signalfd4),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime),
	SCMP_SYS(prctl),
	SCMP_SYS(capget),
	SCMP_SYS(capset),
	SCMP_SYS(getrandom),
	SCMP_SYS(prlimit64),
	SCMP_SYS(getrlimit),
	SCMP_SYS(getrusage),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	/* files */
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(close),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(lseek),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fallocate),
	SCMP_SYS(flock),
	SCMP_SYS(fcntl),
	SCMP_SYS(ioctl),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(statfs),
	SCMP_SYS(fstatfs),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(rmdir),
	SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),
	SCMP_SYS(umask),
	SCMP_SYS(chmod),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(pipe2),
	SCMP_SYS(getcwd),
	SCMP_SYS(fadvise64),
	SCMP_SYS(sendfile),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	/* waiting, sockets (but for socket() itself, below) */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(eventfd2),
	SCMP_SYS(bind),
	SCMP_SYS(listen),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(connect),
	SCMP_SYS(shutdown),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(socketpair),
};

static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static int add_rules(scmp_filter_ctx filter, const struct sandbox *s)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]) && rc == 0; i++) {
		const struct scmp_arg_cmp is = {
			.arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)families[i]};

		rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &is);
	}
	if (rc == 0 && s->xdp)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 0);
	return rc;
}

/* Of all threads at once. */
static int restrict_calls(const struct sandbox *s)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (filter == NULL)
		return -ENOMEM;
	rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
	if (rc == 0)
		rc = add_rules(filter, s);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

/* --------------------------------------------------------------------------------------------- */

int sandbox_enter(const struct sandbox *s)
{
	int rc;

	if (s->off) {
		LOG_NOTICE("privileges are kept", "why=\"gateway.sandbox: off\"");
		return 0;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	rc = tell_threads(keep_all(s));
	if (rc == 0)
		rc = keep_only(keep_main(s));
	if (rc < 0) {
		LOG_ERR("cannot give up capabilities", "error=\"%s\"", strerror(-rc));
		return rc;
	}
	if (s->pci) {
		LOG_INFO("capabilities given up",
			"kept=0x%llx calls=\"not restricted: a NIC's "
			"driver may need any\"",
			(unsigned long long)keep_main(s));
		return 0;
	}
	rc = restrict_calls(s);
	if (rc < 0)
		LOG_ERR("cannot restrict system calls",
			"error=\"%s\" hint=\"gateway.sandbox: off\"", strerror(-rc));
	else
		LOG_INFO("capabilities given up, system calls restricted", "kept=0x%llx",
			(unsigned long long)keep_main(s));
	return rc;
}
