/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * linkspan: the mDNS gateway. Reads its own options, then starts in stages, each undone in reverse
 * by the one way out: configuration, EAL, ports, what the threads share, control, management (which
 * asks for the first world), giving up privileges, workers.
 */

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_pdump.h>
#include <rte_version.h>

#include "base/log.h"
#include "base/log_dpdk.h"
#include "base/tsc.h"
#include "dataplane/fast.h"
#include "dataplane/queues.h"
#include "management/check.h"
#include "management/eal_args.h"
#include "management/lcores.h"
#include "management/mgmt.h"
#include "management/sandbox.h"
#include "management/start.h"
#include "yaml/load.h"

LOG_MODULE(main);

#define EXIT_USAGE 2

/* --- options --------------------------------------------------------------------------------- */

struct options {
	const char *program;
	const char *config;
	bool check;
	char **eal; /* behind "--" */
	unsigned n_eal;
};

static void usage(FILE *out)
{
	fputs("usage: linkspan -c FILE [--check] [--log-level LEVEL] [-- EAL ARGUMENTS]\n"
	      "\n"
	      "  -c, --config FILE   the configuration file\n"
	      "      --check         say what is wrong with it and exit: 0 if nothing is\n"
	      "      --log-level L   err, warn, notice, info, debug, or MODULE:LEVEL,...\n"
	      "      --version       print the version and exit\n"
	      "  -h, --help          print this and exit\n"
	      "\n"
	      "SIGHUP reads the file again, SIGUSR1 opens the audit anew; SIGTERM and SIGINT "
	      "leave,\n"
	      "SIGQUIT without goodbyes.\n"
	      "EAL arguments are DPDK's; those of the file's eal: map and the gateway's own yield\n"
	      "to them.\n",
		out);
}

enum {
	OPT_CHECK = 256,
	OPT_LEVEL,
	OPT_VERSION,
};

/* Returns -1 to go on, or the exit code. */
static int options_parse(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, OPT_CHECK},
		{"log-level", required_argument, NULL, OPT_LEVEL},
		{"version", no_argument, NULL, OPT_VERSION},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int opt;

	*o = (struct options){.program = argv[0]};
	/* "+": what follows "--" is not ours. */
	while ((opt = getopt_long(argc, argv, "+c:h", longopts, NULL)) != -1) {
		switch (opt) {
		case 'c':
			o->config = optarg;
			break;
		case OPT_CHECK:
			o->check = true;
			break;
		case OPT_LEVEL:
			if (log_set_level(optarg) == 0)
				break;
			fprintf(stderr, "linkspan: no log level: %s\n", optarg);
			return EXIT_USAGE;
		case OPT_VERSION:
			printf("linkspan %s, %s\n", LINKSPAN_VERSION, rte_version());
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (o->config == NULL) {
		fputs("linkspan: -c FILE is missing\n", stderr);
		usage(stderr);
		return EXIT_USAGE;
	}
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0) {
		fprintf(stderr, "linkspan: unexpected argument: %s\n", argv[optind]);
		usage(stderr);
		return EXIT_USAGE;
	}
	o->eal = argv + optind;
	o->n_eal = (unsigned)(argc - optind);
	return -1;
}

/* --- configuration --------------------------------------------------------------------------- */

static void log_warnings(const struct yaml_errors *errors)
{
	char line[1024], quoted[1200];

	for (size_t i = 0; i < errors->n; i++) {
		yaml_errors_format(errors, i, line, sizeof(line));
		LOG_WARN("configuration", "at=%s",
			log_quote(quoted, sizeof(quoted), line, strlen(line)));
	}
}

/* Reads and checks the file; says what is wrong with it. NULL if anything is. */
static struct config *config_load(const struct options *o)
{
	struct config *config = NULL;
	struct yaml_errors errors;

	yaml_errors_init(&errors);
	if (yaml_load_file(o->config, &config, &errors) == 0 && mgmt_check(config, &errors) < 0) {
		config_free(config);
		config = NULL;
	}
	if (config == NULL || o->check)
		yaml_errors_print(&errors, stderr);
	else
		log_warnings(&errors);
	yaml_errors_fini(&errors);
	return config;
}

/* --- the stages ------------------------------------------------------------------------------ */

struct gateway {
	const struct options *options;
	struct config *config; /* management's, once that is made */
	cpu_set_t process;     /* where we may run */
	struct sandbox sandbox;
	struct eal_cpus cpus;
	struct eal_args eal;
	bool eal_up;
	char runtime_dir[256];
	struct dp_port port[DP_PORTS_MAX];
	unsigned n_ports;
	struct lcores lcores;
	struct dp_shared shared;
	bool shared_up;
	struct dp_worker *worker[DP_WORKERS_MAX];
	struct ctl *ctl;
	struct mgmt *mgmt;
	pthread_t mgmt_thread;
};

static bool has_pci_port(const struct config *config)
{
	for (uint32_t i = 0; i < config->n_ports; i++) {
		if (config->ports[i].kind == CONFIG_DEVICE_PCI)
			return true;
	}
	return false;
}

/* Lets dpdk-dumpcap attach: a process of its own, which shares hugepages with us. */
static void start_pdump(const struct gateway *g)
{
	int rc;

	if (g->eal.no_huge || rte_eal_has_hugepages() == 0) {
		LOG_INFO("dpdk-dumpcap and dpdk-proc-info cannot attach without hugepages",
			"instead=\"linkspanctl capture\"");
		return;
	}
	rc = rte_pdump_init();
	if (rc < 0)
		LOG_WARN("dpdk-dumpcap cannot attach", "error=\"%s\"", rte_strerror(rte_errno));
}

static int start_eal(struct gateway *g)
{
	const struct config *config = g->config;
	struct eal_input in = {.program = g->options->program,
		.id = config->gateway.id,
		.cpus = &g->cpus,
		.pci = has_pci_port(config),
		.file = config->eal,
		.n_file = config->n_eal,
		.user = (const char *const *)g->options->eal,
		.n_user = g->options->n_eal};
	char text[1024];
	int rc;

	sandbox_of(config, &g->sandbox);
	rc = eal_cpus_read(&g->cpus);
	if (rc < 0)
		return rc;
	in.workers = start_workers(config, &g->cpus);
	in.need = start_memory(config, in.workers);
	in.huge_free = eal_huge_free();
	rc = eal_args_make(&in, &g->eal);
	if (rc < 0)
		return rc;
	if (g->eal.no_huge)
		LOG_NOTICE("not enough free hugepages, using ordinary memory",
			"wanted_mib=%zu free_mib=%zu hint=\"dpdk-hugepages.py --setup %zuM\"",
			in.need >> 20, in.huge_free >> 20, in.need >> 20);
	LOG_INFO("EAL arguments", "argv=\"%s\"", eal_args_text(&g->eal, text, sizeof(text)));
	rc = log_dpdk_attach();
	if (rc < 0)
		return rc;
	if (rte_eal_init(g->eal.argc, g->eal.argv) < 0) {
		LOG_ERR("DPDK does not start",
			"error=\"%s\" hint=\"its own lines above say more; another gateway.id if "
			"one of this id runs\"",
			rte_errno != 0 ? rte_strerror(rte_errno) : "none given");
		return -EIO;
	}
	g->eal_up = true;
	start_pdump(g);
	snprintf(g->runtime_dir, sizeof(g->runtime_dir), "%s", rte_eal_get_runtime_dir());
	return tsc_clock_init();
}

static int start_lcores(struct gateway *g)
{
	unsigned want = g->config->gateway.workers;
	int rc = lcores_lay_out(&g->lcores, want, g->config->gateway.idle);

	if (rc < 0)
		LOG_ERR("too few lcores",
			"workers=%u lcores=%u hint=\"one more than workers is needed: "
			"--lcores maps several to one CPU\"",
			want != 0 ? want : 1, rte_lcore_count());
	return rc;
}

static int start_ports(struct gateway *g)
{
	struct dp_port_spec spec;
	char why[DP_PORT_WHY];
	int rc;

	for (uint32_t i = 0; i < g->config->n_ports; i++) {
		start_port_spec(g->config, i, g->lcores.n_workers, &spec);
		rc = dp_port_open(&g->port[i], &spec, why);
		if (rc < 0) {
			LOG_ERR("cannot open port", "why=\"%s\"", why);
			return rc;
		}
		g->n_ports++;
		/* What is for others could not cross. */
		if (g->config->ports[i].peer != CONFIG_NO_PORT && !g->port[i].promiscuous) {
			LOG_ERR("a port of an inline pair has to be promiscuous, and is not",
				"port=%s device=\"%s\"", g->port[i].name, g->port[i].device);
			return -ENOTSUP;
		}
	}
	return 0;
}

/* Rings, counters, pool and workers. */
static int start_shared(struct gateway *g)
{
	unsigned n = g->lcores.n_workers, mtu = 1500, socket = rte_socket_id(), most = 0;
	int rc;

	for (unsigned i = 0; i < g->n_ports; i++) {
		if (g->port[i].mtu_max > mtu)
			mtu = g->port[i].mtu_max;
		if (g->port[i].n_queues > most)
			most = g->port[i].n_queues;
	}
	rc = dp_shared_init(&g->shared, n, start_pool_mbufs(n), start_pool_room(mtu), socket);
	if (rc < 0)
		return rc;
	g->shared_up = true;
	g->shared.ttl_cap = g->config->gateway.limits.ttl;
	g->shared.rendered = g->config->gateway.limits.rendered / n;
	LOG_INFO("rendered answers", "bytes_per_worker=%zu code=%s", g->shared.rendered,
		g->shared.fast->name);
	g->lcores.control.shared = &g->shared;
	for (unsigned i = 0; i < n; i++) {
		struct lcore *l = &g->lcores.worker[i];

		l->shared = &g->shared;
		l->idle = lcore_idle_of(g->config->gateway.idle, false, l->shares, i < most);
	}
	return 0;
}

static int start_control(struct gateway *g)
{
	struct ctl_params params = {.socket = rte_socket_id()};
	struct sip_key seed;
	int rc;

	start_cache_limits(g->config, &params.limits);
	rc = sip_key_random(&params.hash_key);
	if (rc == 0)
		rc = sip_key_random(&seed);
	if (rc < 0)
		return rc;
	params.seed = seed.k[0];
	g->ctl = ctl_create(&g->shared, &params, tsc_now_us());
	if (g->ctl == NULL) {
		rc = errno != 0 ? -errno : -ENOMEM;
		LOG_ERR("cannot make the cache",
			"error=\"%s\" hint=\"gateway.memory or gateway.limits\"", strerror(-rc));
		return rc;
	}
	for (unsigned i = 0; i < g->lcores.n_workers; i++) {
		struct lcore *l = &g->lcores.worker[i];

		g->worker[i] = dp_worker_create(
			&g->shared, i, rte_lcore_to_socket_id(l->id), seed.k[1] + i, tsc_now_us());
		if (g->worker[i] == NULL)
			return errno != 0 ? -errno : -ENOMEM;
		l->w = g->worker[i];
	}
	rc = dp_queues_assign(g->port, g->n_ports, g->worker, g->lcores.n_workers);
	if (rc == 0)
		dp_queues_log(g->port, g->n_ports, g->lcores.id, g->lcores.n_workers);
	return rc;
}

static int start_management(struct gateway *g)
{
	struct mgmt_params params = {.config = g->config,
		.ports = g->port,
		.n_ports = g->n_ports,
		.shared = &g->shared,
		.ctl = g->ctl,
		.lcore = g->lcores.id,
		.main_lcore = g->lcores.control.id,
		.signals = true,
		.telemetry = true,
		.service = true,
		.watch = true};

	g->config = NULL;
	g->mgmt = mgmt_create(&params, tsc_now_us());
	return g->mgmt != NULL ? 0 : -errno;
}

static int start_sandbox(struct gateway *g)
{
	return sandbox_enter(&g->sandbox);
}

static void *management_main(void *arg)
{
	struct mgmt *m = arg;

	while (!mgmt_leaving(m)) {
		if (mgmt_turn(m, tsc_now_us()) == 0)
			mgmt_wait(m);
	}
	return NULL;
}

static int start_thread(struct gateway *g)
{
	pthread_attr_t attr;
	cpu_set_t cpus;
	int rc;

	lcores_other_cpus(&g->lcores, &g->process, &cpus);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	rc = pthread_create(&g->mgmt_thread, &attr, management_main, g->mgmt);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		pthread_setname_np(g->mgmt_thread, "linkspan-mgmt");
	return -rc;
}

/* All threads run until somebody asks to stop; then none but this one does. */
static int run(struct gateway *g)
{
	int rc = lcores_launch(&g->lcores);

	if (rc == 0) {
		rc = start_thread(g);
		if (rc == 0) {
			lcores_control(&g->lcores, g->ctl);
			pthread_join(g->mgmt_thread, NULL);
		}
		atomic_store_explicit(&g->shared.stop, 1, memory_order_release);
	}
	lcores_join();
	if (rc == 0 && (!mgmt_ready(g->mgmt) || mgmt_failed(g->mgmt)))
		rc = -EIO;
	return rc;
}

static void stop_all(struct gateway *g)
{
	for (unsigned i = 0; i < DP_WORKERS_MAX; i++)
		dp_worker_destroy(g->worker[i]);
	ctl_destroy(g->ctl);
	mgmt_destroy(g->mgmt);
	if (g->shared_up)
		dp_shared_fini(&g->shared);
	for (unsigned i = 0; i < g->n_ports; i++)
		dp_port_close(&g->port[i]);
	if (g->eal_up) {
		rte_eal_cleanup();
		eal_huge_remove(g->runtime_dir);
		eal_runtime_remove(g->runtime_dir);
	}
	log_dpdk_detach();
	eal_args_free(&g->eal);
	config_free(g->config);
}

static int start(struct gateway *g)
{
	static const struct {
		const char *name;
		int (*run)(struct gateway *g);
	} stages[] = {
		{"eal", start_eal},
		{"lcores", start_lcores},
		{"ports", start_ports},
		{"shared", start_shared},
		{"control", start_control},
		{"management", start_management},
		{"sandbox", start_sandbox},
	};

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		int rc = stages[i].run(g);

		if (rc < 0) {
			LOG_ERR("cannot start", "stage=%s error=\"%s\"", stages[i].name,
				strerror(-rc));
			return rc;
		}
	}
	return 0;
}

/* Management reads these from a signalfd; every thread made from here on blocks them. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	static struct gateway gateway;
	struct gateway *g = &gateway;
	static struct options options;
	int rc = options_parse(argc, argv, &options);

	if (rc >= 0)
		return rc;
	g->options = &options;
	g->config = config_load(&options);
	if (g->config == NULL)
		return EXIT_FAILURE;
	if (options.check) {
		printf("%s: ok\n", options.config);
		config_free(g->config);
		return EXIT_SUCCESS;
	}
	block_signals();
	sched_getaffinity(0, sizeof(g->process), &g->process);
	rc = start(g);
	if (rc == 0)
		rc = run(g);
	stop_all(g);
	if (rc == 0)
		LOG_NOTICE("left");
	log_flush();
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
