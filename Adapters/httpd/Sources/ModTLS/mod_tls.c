// SPDX-License-Identifier: Apache-2.0
// httpd knows a module by the name of the file that its record is compiled from: this one is mod_tls.c.

#include "ModTLS.h"

static const command_rec commands[] = {
    AP_INIT_TAKE1("TLSEngine", tlsd_set_engine, NULL, RSRC_CONF,
        "[address:]port whose connections speak TLS; may be given several times"),
    AP_INIT_TAKE12("TLSCertificate", tlsd_set_certificate, NULL, RSRC_CONF,
        "PEM file of a certificate chain, and PEM file of its key unless the first holds it; several allowed"),
    AP_INIT_TAKE1("TLSProtocol", tlsd_set_protocol, NULL, RSRC_CONF,
        "oldest protocol version: 'v1.2+', 'v1.3+' or 'default'"),
    AP_INIT_TAKE_ARGV("TLSCiphersPrefer", tlsd_set_preferred_ciphers, NULL, RSRC_CONF,
        "cipher suites to choose before all others, in this order"),
    AP_INIT_TAKE_ARGV("TLSCiphersSuppress", tlsd_set_suppressed_ciphers, NULL, RSRC_CONF,
        "cipher suites never to use"),
    AP_INIT_TAKE1("TLSSessionCache", tlsd_set_session_cache, NULL, RSRC_CONF,
        "where sessions are kept: 'none', 'default' or provider:arguments, as in shmcb:path(size)"),
    AP_INIT_FLAG("TLSHonorClientOrder", tlsd_set_honor_client_order, NULL, RSRC_CONF,
        "'on' (default) follows the client's order of cipher suites, 'off' the server's"),
    AP_INIT_FLAG("TLSStrictSNI", tlsd_set_strict_sni, NULL, RSRC_CONF,
        "'on' (default) refuses clients that ask for a server name no virtual host has"),
    AP_INIT_TAKE_ARGV("TLSClientCertificate", tlsd_ssl_directive, NULL, RSRC_CONF,
        "whether clients show certificates: 'none', 'optional' or 'required'"),
    AP_INIT_TAKE_ARGV("TLSClientCA", tlsd_ssl_directive, NULL, RSRC_CONF,
        "PEM file of the authorities that vouch for clients"),
    AP_INIT_TAKE_ARGV("TLSClientCRL", tlsd_ssl_directive, NULL, RSRC_CONF,
        "file of the revocation lists that the chains of clients are checked with"),
    AP_INIT_TAKE_ARGV("TLSUserName", tlsd_ssl_directive, NULL, RSRC_CONF,
        "variable whose value becomes the name of the user"),
    AP_INIT_TAKE_ARGV("TLSClientHelloVars", tlsd_ssl_directive, NULL, RSRC_CONF,
        "whether there are variables SSL_CLIENTHELLO_...: 'on' or 'off'"),
    AP_INIT_TAKE_ARGV("TLSTicketKeys", tlsd_ssl_directive, NULL, RSRC_CONF,
        "file of a secret that servers with the same session tickets share"),
    AP_INIT_TAKE_ARGV("TLSEarlyData", tlsd_ssl_directive, NULL, RSRC_CONF,
        "whether requests are taken before the handshake is complete (0-RTT): 'on' or 'off'"),
    AP_INIT_TAKE_ARGV("TLSGroups", tlsd_ssl_directive, NULL, RSRC_CONF,
        "key exchange groups, most wanted first"),
    AP_INIT_TAKE_ARGV("TLSProxyEngine", tlsd_ssl_directive, NULL, RSRC_CONF | PROXY_CONF,
        "whether mod_proxy may speak TLS"),
    AP_INIT_TAKE_ARGV("TLSProxyCA", tlsd_ssl_directive, NULL, RSRC_CONF | PROXY_CONF,
        "PEM file of the authorities that vouch for proxied servers, or 'default'"),
    AP_INIT_TAKE_ARGV("TLSProxyProtocol", tlsd_ssl_directive, NULL, RSRC_CONF | PROXY_CONF,
        "oldest protocol version: 'v1.2+', 'v1.3+' or 'default'"),
    AP_INIT_TAKE_ARGV("TLSProxyCiphersPrefer", tlsd_ssl_directive, NULL, RSRC_CONF | PROXY_CONF,
        "cipher suites to offer before all others"),
    AP_INIT_TAKE_ARGV("TLSProxyCiphersSuppress", tlsd_ssl_directive, NULL, RSRC_CONF | PROXY_CONF,
        "cipher suites never to use"),
    AP_INIT_TAKE_ARGV("TLSProxyMachineCertificate", tlsd_ssl_directive, NULL, RSRC_CONF | PROXY_CONF,
        "certificate, and key unless it holds it, to show to proxied servers"),
    AP_INIT_TAKE1("TLSReloadInterval", tlsd_set_reload_interval, NULL, RSRC_CONF,
        "seconds between two looks for changed certificates, or 'off'"),
    AP_INIT_TAKE_ARGV("TLSOptions", tlsd_set_options, NULL, OR_OPTIONS,
        "[+-]StdEnvVars, [+-]ExportCertData, Defaults"),
    {NULL},
};

module AP_MODULE_DECLARE_DATA tls_module = {
    STANDARD20_MODULE_STUFF,
    tlsd_create_directory_config,
    tlsd_merge_directory_config,
    tlsd_create_server_config,
    tlsd_merge_server_config,
    commands,
    tlsd_register_hooks,
#if defined(AP_MODULE_FLAG_ALWAYS_MERGE)
    // Virtual hosts without a directive of their own have settings of their own all the same.
    AP_MODULE_FLAG_ALWAYS_MERGE,
#endif
};

module *tlsd_module(void) {
    return &tls_module;
}

bool tlsd_is_ssl_face(void) {
    return false;
}
