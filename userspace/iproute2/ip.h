/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface between ip(8) of iproute2 and a plug-in for a link kind, for
 * which iproute2 installs no header.  The types have been the same since
 * iproute2 4.10, the functions are those that its own plug-ins call, and found
 * in the program when the plug-in is loaded.
 */
#ifndef _IPROUTE2_IP_H
#define _IPROUTE2_IP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/**
 * struct link_util - a link kind, found as symbol <kind>_link_util
 * @next: ip's
 * @id: the kind
 * @maxattr: highest attribute that @print_opt gets
 * @parse_opt: what follows "type KIND", to attributes; returns -1 after it has
 *	said what is wrong
 * @print_opt: IFLA_INFO_DATA (or SLAVE_DATA), NULL if there is none
 * @print_xstats: IFLA_INFO_XSTATS
 * @print_help: "ip link help KIND"
 * @parse_ifla_xstats: what follows "ip link xstats type KIND"
 * @print_ifla_xstats: a message of RTM_NEWSTATS
 * @later: zero, if a later ip should have more operations
 */
struct link_util {
	struct link_util *next;
	const char *id;
	int maxattr;
	int (*parse_opt)(struct link_util *self, int argc, char **argv,
			 struct nlmsghdr *msg);
	void (*print_opt)(struct link_util *self, FILE *out,
			  struct rtattr *attr[]);
	void (*print_xstats)(struct link_util *self, FILE *out,
			     struct rtattr *xstats);
	void (*print_help)(struct link_util *self, int argc, char **argv,
			   FILE *out);
	int (*parse_ifla_xstats)(struct link_util *self, int argc, char **argv);
	int (*print_ifla_xstats)(struct nlmsghdr *msg, void *out);
	void *later[8];
};

enum output_type {
	PRINT_FP = 1,
	PRINT_JSON = 2,
	PRINT_ANY = 4,
};

/* No colour, where ip asks for one */
enum { COLOR_NONE = 6 };

/*
 * Text goes by the format, JSON by the key, each if that is what ip was asked
 * for.  A format of JSON only is NULL, and so is the key of text only.
 */
int print_color_string(enum output_type type, int color, const char *key,
		       const char *format, const char *value);
int print_color_uint(enum output_type type, int color, const char *key,
		     const char *format, unsigned int value);
int print_color_u64(enum output_type type, int color, const char *key,
		    const char *format, uint64_t value);
int print_color_bool(enum output_type type, int color, const char *key,
		     const char *format, bool value);
void open_json_object(const char *key);
void close_json_object(void);

/* maxlen: of the whole message */
int addattr32(struct nlmsghdr *msg, int maxlen, int type, uint32_t value);
int addattr64(struct nlmsghdr *msg, int maxlen, int type, uint64_t value);

unsigned int ll_name_to_index(const char *name);
const char *ll_index_to_name(unsigned int index);

#endif /* _IPROUTE2_IP_H */
