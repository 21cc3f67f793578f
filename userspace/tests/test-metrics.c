// SPDX-License-Identifier: GPL-2.0
/* The file for Prometheus: its form, whatever ports are called. */
#include <unistd.h>

#include "loop.h"
#include "scene.h"
#include "tap.h"
#include "tell/metrics.h"

/* The heartbeat's clock; waiting is a hundred times as fast. */
static uint64_t real_time;
static uint64_t longest_wait_us;

uint64_t __wrap_clock_real(void);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t us);
int __real_sd_event_source_set_time_relative(sd_event_source *s, uint64_t us);

uint64_t __wrap_clock_real(void)
{
	return real_time;
}

int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t us)
{
	if (us > longest_wait_us)
		longest_wait_us = us;
	return __real_sd_event_source_set_time_relative(s, us / 100);
}

static char *text_now(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	metrics_write(&scene.m, out);
	fclose(out);
	return text;
}

static void has(struct tap *t, const char *line, const char *name)
{
	char *text = text_now(), at[256];

	snprintf(at, sizeof(at), "\n%s\n", line);
	ok(t, strstr(text, at) != NULL, "%s", name);
	if (!strstr(text, at))
		printf("# no '%s' in\n# %s\n", line, text);
	free(text);
}

static void test_values(struct tap *t)
{
	char line[128];

	scene_begin("[Port p]\nCandidate=a\nCandidate=b\n");
	scene_play("a b p p:up p@b");
	has(t, "stabletap_port_present{port=\"p\"} 1", "a port that exists");
	has(t, "stabletap_port_attached{port=\"p\"} 1", "and is attached");
	has(t, "stabletap_port_candidate{port=\"p\"} 1", "its candidate's rank");
	has(t, "stabletap_port_attaches_total{port=\"p\"} 1", "a counter");
	has(t, "stabletap_port_by_hand{port=\"p\"} 0", "no override");
	has(t, "stabletapd_module_missing 0", "the daemon's own");
	has(t, "stabletapd_events_total 1", "the number of events");
	snprintf(line, sizeof(line), "stabletapd_build_info{version=\"%s\"} 1",
		 stabletap_release());
	has(t, line, "the build info has the version");
	has(t, "stabletap_port_candidates{port=\"p\"} 2",
	    "the number of candidates");
	has(t, "stabletap_port_held_off{port=\"p\"} 0", "it is not held off");
	scene_play("pin=p,b");
	has(t, "stabletap_port_by_hand{port=\"p\"} 1",
	    "pin counts as an override");
	has(t, "stabletap_port_held_off{port=\"p\"} 0",
	    "a pinned port is not held off");
	scene_play("hold-off=p p@none");
	has(t, "stabletap_port_held_off{port=\"p\"} 1", "a held-off port");
	has(t, "stabletap_port_by_hand{port=\"p\"} 1",
	    "hold-off counts as an override");
	has(t, "stabletap_port_candidate{port=\"p\"} -1", "no candidate");
	scene_end();
}

static void test_left_out(struct tap *t)
{
	scene_begin("[Port p]\nCandidate=a\n");
	has(t, "stabletapd_left_out_sections 0", "no section is left out");
	scene_misconfigure("[Port p]\nCandidate=a\n[Port q]\nMode=x\n"
			   "[Port r]\nMode=x\n", 2);
	has(t, "stabletapd_left_out_sections 2",
	    "sections with errors are counted");
	scene_end();
}

static void test_states(struct tap *t)
{
	struct port *port;

	scene_begin("[Port p]\nCandidate=a\n");
	scene_play("a p p:up p@a");
	port = scene_port("p");
	has(t, "stabletap_port_lower_down{port=\"p\"} 0",
	    "the lower carries frames");
	port->told.state = STABLETAP_STATE_LOWER_DOWN;
	has(t, "stabletap_port_lower_down{port=\"p\"} 1",
	    "a lower that is down");
	scene_play("p@none");
	has(t, "stabletap_port_lower_down{port=\"p\"} 0",
	    "a detached port has no lower that is down");
	has(t, "stabletap_port_monitor_refused{port=\"p\"} 0",
	    "a port without a monitor");
	port->guest.monitor = MONITOR_CONNECTING;
	has(t, "stabletap_port_monitor_refused{port=\"p\"} 0",
	    "a guest that does not run is no fault");
	port->guest.monitor = MONITOR_REFUSED;
	has(t, "stabletap_port_monitor_refused{port=\"p\"} 1",
	    "a monitor that can't be used");
	scene_play("p:gone");
	has(t, "stabletap_port_present{port=\"p\"} 0", "a port that is gone");
	has(t, "stabletap_port_attached{port=\"p\"} 0",
	    "a port that is gone is not attached");
	scene_end();
}

static void test_daemon(struct tap *t)
{
	real_time = 1600000000 * CLOCK_SECOND;
	scene_begin("[Port p]\n");
	real_time += 60 * CLOCK_SECOND;
	has(t, "stabletapd_start_timestamp_seconds 1600000000",
	    "the daemon's start");
	has(t, "stabletapd_heartbeat_timestamp_seconds 1600000060",
	    "the present time");
	has(t, "stabletap_port_candidates{port=\"p\"} 0",
	    "a port without candidates");
	has(t, "stabletapd_hook_failures_total 0", "no hook has failed");
	has(t, "stabletapd_module_differs 0", "the module's version is ours");
	scene.m.hook_failures = 3;
	scene.m.module_differs = true;
	has(t, "stabletapd_hook_failures_total 3", "hooks that failed");
	has(t, "stabletapd_module_differs 1", "a module of another version");
	scene_end();
}

/* Every line is a comment or a sample, whose label is closed. */
static bool is_well_formed(char *text)
{
	char *line, *rest = NULL, *p;

	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (!strncmp(line, "# HELP ", 7) || !strncmp(line, "# TYPE ", 7))
			continue;
		p = line + strspn(line, "abcdefghijklmnopqrstuvwxyz_");
		if (*p == '{') {
			p = strchr(p, '"');
			for (p = p ? p + 1 : line; *p && *p != '"'; p++)
				if (*p == '\\' && !*++p)
					return false;
			if (strncmp(p, "\"} ", 3) != 0)
				return false;
			p += 2;
		}
		if (*p != ' ' || strspn(p + 1, "-0123456789") != strlen(p + 1))
			return false;
	}
	return true;
}

/* A quote in a port's name must not break the whole file. */
static void test_names(struct tap *t)
{
	char *text;

	scene_begin("[Port a\"b]\nCandidate=x\n[Port c\\d]\nCandidate=x\n");
	has(t, "stabletap_port_present{port=\"a\\\"b\"} 0",
	    "a quote in a name is escaped");
	has(t, "stabletap_port_present{port=\"c\\\\d\"} 0", "and a backslash");
	text = text_now();
	ok(t, is_well_formed(text), "the file is well-formed");
	free(text);
	scene_end();
}

static bool is_there(void *arg)
{
	return !access(arg, F_OK);
}

/* Does the file have the heartbeat of @real_time? */
static bool is_beating(void *arg)
{
	char line[128], want[128];
	FILE *in = fopen(arg, "re");
	bool found = false;

	snprintf(want, sizeof(want), "stabletapd_heartbeat_timestamp_seconds "
		 "%llu\n", (unsigned long long)(real_time / CLOCK_SECOND));
	while (in && !found && fgets(line, sizeof(line), in))
		found = !strcmp(line, want);
	if (in)
		fclose(in);
	return found;
}

static void test_file(struct tap *t)
{
	char dir[] = "/tmp/test-metrics.XXXXXX", path[64], conf[128];
	struct metrics *x = NULL;
	sd_event *loop = NULL;

	if (!mkdtemp(dir) || sd_event_new(&loop) < 0)
		abort();
	snprintf(path, sizeof(path), "%s/st.prom", dir);
	snprintf(conf, sizeof(conf), "[Daemon]\nMetricsFile=%s\n[Port p]\n"
		 "Candidate=a\n", path);
	scene_begin("[Port p]\nCandidate=a\n");
	if (metrics_start(loop, &scene.m, &x))
		abort();
	scene_configure(conf);
	real_time = 1700000000 * CLOCK_SECOND;
	ok(t, loop_until(loop, is_beating, path, SOON),
	   "the file has the time as the daemon's heartbeat");
	real_time += 15 * CLOCK_SECOND;
	ok(t, loop_until(loop, is_beating, path, SOON),
	   "the heartbeat is renewed when nothing happens");
	real_time += 15 * CLOCK_SECOND;
	ok(t, loop_until(loop, is_beating, path, SOON),
	   "the heartbeat is renewed again");
	ok(t, longest_wait_us <= 20000000,
	   "the heartbeat is renewed before it is stale");
	metrics_stop(x);
	ok(t, !is_there(path), "the file is removed when the daemon ends");
	rmdir(dir);
	scene_end();
	sd_event_unref(loop);
}

/* --text: print the metrics of two ports, for selftests/host/monitoring.bats. */
static int print_text(void)
{
	scene_begin("[Port p]\nCandidate=a\n[Port q]\nCandidate=b\n");
	scene_play("a p p:up p@a");
	metrics_write(&scene.m, stdout);
	scene_end();
	return 0;
}

int main(int argc, char *argv[])
{
	struct tap t = { 0 };

	if (argc > 1 && !strcmp(argv[1], "--text"))
		return print_text();
	test_values(&t);
	test_states(&t);
	test_daemon(&t);
	test_left_out(&t);
	test_names(&t);
	test_file(&t);
	return tap_end(&t);
}
