/* OpenSSL 3's EVP_MAC as far as SQLCipher uses it (HMAC, its digest named by a parameter), over aws-lc's HMAC_CTX. */
#ifndef OUBLIETTE_EVP_MAC_H
#define OUBLIETTE_EVP_MAC_H

#include <stddef.h>
#include <string.h>

#include <openssl/digest.h>
#include <openssl/hmac.h>

#define OSSL_PARAM_UTF8_STRING 4

typedef struct {
  const char *key;
  unsigned int data_type;
  const void *data;
  size_t data_size;
  size_t return_size;
} OSSL_PARAM;

#define OSSL_PARAM_END {NULL, 0, NULL, 0, 0}

/* There is one algorithm: what is fetched only says that it was asked for by its name. */
typedef const char EVP_MAC;
typedef HMAC_CTX EVP_MAC_CTX;

static inline EVP_MAC *EVP_MAC_fetch(void *library, const char *name, const char *properties) {
  (void)library;
  (void)properties;
  return strcmp(name, "HMAC") == 0 ? "HMAC" : NULL;
}

static inline void EVP_MAC_free(EVP_MAC *mac) {
  (void)mac;
}

static inline EVP_MAC_CTX *EVP_MAC_CTX_new(EVP_MAC *mac) {
  return mac == NULL ? NULL : HMAC_CTX_new();
}

static inline void EVP_MAC_CTX_free(EVP_MAC_CTX *ctx) {
  HMAC_CTX_free(ctx);
}

/* 1, or 0 where the first parameter names no digest. */
static inline int EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key, size_t key_bytes, const OSSL_PARAM *params) {
  const EVP_MD *digest = NULL;
  if (key != NULL && params != NULL && params->key != NULL && strcmp(params->key, "digest") == 0) {
    digest = EVP_get_digestbyname((const char *)params->data);
  }
  return digest != NULL && HMAC_Init_ex(ctx, key, key_bytes, digest, NULL);
}

static inline int EVP_MAC_update(EVP_MAC_CTX *ctx, const unsigned char *data, size_t bytes) {
  return HMAC_Update(ctx, data, bytes);
}

/* Without `out` only tells the length; with it, refuses a place that is too small. */
static inline int EVP_MAC_final(EVP_MAC_CTX *ctx, unsigned char *out, size_t *out_bytes, size_t out_max) {
  unsigned int written = 0;
  *out_bytes = HMAC_size(ctx);
  if (out == NULL) {
    return 1;
  }
  return *out_bytes <= out_max && HMAC_Final(ctx, out, &written) && written == *out_bytes;
}

#endif
