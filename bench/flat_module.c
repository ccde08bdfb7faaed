/* SPDX-License-Identifier: Apache-2.0
 *
 * A subtree served from one sorted array: the fastest form of a read-only MIB in snmpd.
 *
 * snmpd_anchor.py writes flat_values.h (ROOT, and `entries` in the order of their OIDs) from
 * what the agent serves, compiles this file with it, and has snmpd load it with dlmod.
 */

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

struct entry {
    const oid *name;
    size_t name_length;
    u_char type;
    const void *value;
    size_t value_octets;
};

#include "flat_values.h"

#define ENTRIES (sizeof entries / sizeof entries[0])

/* The first entry at or behind the name; *exact tells which. ENTRIES past the end. */
static size_t
find(const netsnmp_variable_list *wanted, int *exact)
{
    size_t low = 0, high = ENTRIES;

    *exact = 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = snmp_oid_compare(entries[middle].name, entries[middle].name_length,
                                     wanted->name, wanted->name_length);
        if (order == 0) {
            *exact = 1;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
answer(netsnmp_agent_request_info *info, netsnmp_request_info *request)
{
    netsnmp_variable_list *binding = request->requestvb;
    const struct entry *found;
    int exact;
    size_t at = find(binding, &exact);

    if (info->mode == MODE_GETNEXT) {
        at += exact;
        if (at == ENTRIES)
            return; /* the agent goes on behind this subtree */
        snmp_set_var_objid(binding, entries[at].name, entries[at].name_length);
    } else if (!exact) {
        netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE);
        return;
    }
    found = &entries[at];
    snmp_set_var_typed_value(binding, found->type, found->value, found->value_octets);
}

static int
handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
       netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    (void)handler;
    (void)registration;
    for (; requests; requests = requests->next)
        if (!requests->processed)
            answer(info, requests);
    return SNMP_ERR_NOERROR;
}

void
init_flat_module(void)
{
    static const oid root[] = { ROOT };

    netsnmp_register_handler(netsnmp_create_handler_registration(
        "flat_module", handle, root, OID_LENGTH(root), HANDLER_CAN_RONLY));
}
