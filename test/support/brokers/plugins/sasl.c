/*
 * Enhanced authentication for mosquitto by GNU SASL: AUTH packets are the broker's, SCRAM is the library's, and this only hands the
 * data from one to the other. One user: plugin_opt_username, plugin_opt_password.
 */
#include <gsasl.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mosquitto.h>
#include <stdlib.h>
#include <string.h>

/* Exchanges under way, by client: a test has a few. */
#define MOST 64

struct exchange {
  struct mosquitto *client;
  Gsasl_session *session;
};

static struct exchange exchanges[MOST];
static Gsasl *sasl;
static mosquitto_plugin_id_t *plugin;
static const char *username;
static const char *password;

static int on_property(Gsasl *context, Gsasl_session *session, Gsasl_property property) {
  (void)context;
  if (property != GSASL_PASSWORD) return GSASL_NO_CALLBACK;
  const char *name = gsasl_property_fast(session, GSASL_AUTHID);
  if (name == NULL || strcmp(name, username) != 0) return GSASL_NO_PASSWORD;
  return gsasl_property_set(session, GSASL_PASSWORD, password);
}

static struct exchange *find(struct mosquitto *client) {
  for (int at = 0; at < MOST; at += 1)
    if (exchanges[at].client == client) return &exchanges[at];
  return NULL;
}

static void forget(struct mosquitto *client) {
  struct exchange *exchange = find(client);
  if (exchange == NULL) return;
  gsasl_finish(exchange->session);
  exchange->client = NULL;
}

static int step(struct exchange *exchange, struct mosquitto_evt_extended_auth *auth) {
  char *output = NULL;
  size_t length = 0;
  int result = gsasl_step(exchange->session, auth->data_in, auth->data_in_len, &output, &length);
  if (result != GSASL_OK && result != GSASL_NEEDS_MORE) {
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "sasl: %s", gsasl_strerror_name(result));
    forget(auth->client);
    return MOSQ_ERR_AUTH;
  }
  if (length > 0) {
    auth->data_out = mosquitto_malloc(length);
    memcpy(auth->data_out, output, length);
    auth->data_out_len = (uint16_t)length;
  }
  gsasl_free(output);
  if (result == GSASL_NEEDS_MORE) return MOSQ_ERR_AUTH_CONTINUE;
  mosquitto_log_printf(MOSQ_LOG_NOTICE, "sasl: %s authenticated", mosquitto_client_id(auth->client));
  forget(auth->client);
  return MOSQ_ERR_SUCCESS;
}

static int on_start(int event, void *data, void *userdata) {
  (void)event;
  (void)userdata;
  struct mosquitto_evt_extended_auth *auth = data;
  if (strcmp(auth->auth_method, "SCRAM-SHA-256") != 0) return MOSQ_ERR_NOT_SUPPORTED;
  forget(auth->client);
  struct exchange *exchange = find(NULL);
  if (exchange == NULL || gsasl_server_start(sasl, auth->auth_method, &exchange->session) != GSASL_OK) return MOSQ_ERR_AUTH;
  exchange->client = auth->client;
  return step(exchange, auth);
}

static int on_continue(int event, void *data, void *userdata) {
  (void)event;
  (void)userdata;
  struct mosquitto_evt_extended_auth *auth = data;
  struct exchange *exchange = find(auth->client);
  return exchange == NULL ? MOSQ_ERR_AUTH : step(exchange, auth);
}

static int on_disconnect(int event, void *data, void *userdata) {
  (void)event;
  (void)userdata;
  forget(((struct mosquitto_evt_disconnect *)data)->client);
  return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_version(int count, const int *versions) {
  for (int at = 0; at < count; at += 1)
    if (versions[at] == 5) return 5;
  return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **userdata, struct mosquitto_opt *options, int count) {
  (void)userdata;
  for (int at = 0; at < count; at += 1) {
    if (strcmp(options[at].key, "username") == 0) username = strdup(options[at].value);
    if (strcmp(options[at].key, "password") == 0) password = strdup(options[at].value);
  }
  if (username == NULL || password == NULL || gsasl_init(&sasl) != GSASL_OK) return MOSQ_ERR_INVAL;
  gsasl_callback_set(sasl, on_property);
  plugin = id;
  mosquitto_callback_register(id, MOSQ_EVT_EXT_AUTH_START, on_start, NULL, NULL);
  mosquitto_callback_register(id, MOSQ_EVT_EXT_AUTH_CONTINUE, on_continue, NULL, NULL);
  return mosquitto_callback_register(id, MOSQ_EVT_DISCONNECT, on_disconnect, NULL, NULL);
}

int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int count) {
  (void)userdata;
  (void)options;
  (void)count;
  mosquitto_callback_unregister(plugin, MOSQ_EVT_EXT_AUTH_START, on_start, NULL);
  mosquitto_callback_unregister(plugin, MOSQ_EVT_EXT_AUTH_CONTINUE, on_continue, NULL);
  mosquitto_callback_unregister(plugin, MOSQ_EVT_DISCONNECT, on_disconnect, NULL);
  gsasl_done(sasl);
  return MOSQ_ERR_SUCCESS;
}
