// SPDX-License-Identifier: Apache-2.0
#include "api/testing/certificates.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace api::testing {

struct CertificateMaker::Pair {
    Pair() : key(EVP_EC_gen("P-256")), certificate(X509_new()) {}
    ~Pair() {
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    EVP_PKEY* key;
    X509* certificate;
};

namespace {

void must(bool done) {
    if (!done) {
        std::abort();
    }
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

void set_name(X509_NAME* name, const std::string& common_name) {
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    int(common_name.size()), -1, 0) == 1);
}

/// Renamed into its place, so that a daemon that looks never sees half of it.
template <class Write>
void write_file(const std::string& path, Write write) {
    const std::string scratch = path + ".new";
    std::FILE* const file = std::fopen(scratch.c_str(), "w");
    must(file != nullptr && write(file) == 1 && std::fclose(file) == 0);
    std::filesystem::rename(scratch, path);
}

}  // namespace

CertificateMaker::CertificateMaker(std::string folder, const std::string& name)
    : folder_(std::move(folder)),
      ca_(folder_ + "/" + name + ".pem"),
      authority_(std::make_unique<Pair>()) {
    X509* const certificate = authority_->certificate;
    must(X509_set_version(certificate, 2) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 7200);
    set_name(X509_get_subject_name(certificate), name);
    must(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
         X509_set_pubkey(certificate, authority_->key) == 1);
    extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    must(X509_sign(certificate, authority_->key, EVP_sha256()) > 0);
    write_file(ca_, [&](std::FILE* file) { return PEM_write_X509(file, certificate); });
}

CertificateMaker::~CertificateMaker() = default;

tls::Files CertificateMaker::issue(const Wish& wish) {
    const Pair made;
    X509* const certificate = made.certificate;
    must(X509_set_version(certificate, 2) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_) == 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), absl::ToInt64Seconds(wish.begins));
    X509_gmtime_adj(X509_getm_notAfter(certificate), absl::ToInt64Seconds(wish.ends));
    set_name(X509_get_subject_name(certificate),
             wish.common_name.empty() ? wish.name : wish.common_name);
    must(X509_set_issuer_name(certificate, X509_get_subject_name(authority_->certificate)) == 1 &&
         X509_set_pubkey(certificate, made.key) == 1);
    if (!wish.alternative_names.empty()) {
        extend(certificate, authority_->certificate, NID_subject_alt_name, wish.alternative_names);
    }
    must(X509_sign(certificate, authority_->key, EVP_sha256()) > 0);
    tls::Files files{folder_ + "/" + wish.name + ".pem", folder_ + "/" + wish.name + ".key", ca_};
    write_file(files.key, [&](std::FILE* file) {
        return PEM_write_PrivateKey(file, made.key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    write_file(files.certificate,
               [&](std::FILE* file) { return PEM_write_X509(file, certificate); });
    return files;
}

}  // namespace api::testing
