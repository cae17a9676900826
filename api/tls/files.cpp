// SPDX-License-Identifier: Apache-2.0
#include "api/tls/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include "api/file.hpp"

namespace api::tls {
namespace {

/// Hundreds of certificates; more is a mistake, such as a disk image.
constexpr std::size_t longest_file = 4 << 20;

template <auto free>
struct Free {
    template <class T>
    void operator()(T* object) const {
        free(object);
    }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

absl::StatusOr<std::string> read_file(std::string_view what, const std::string& path) {
    const auto failed = [&](int error) {
        return absl::ErrnoToStatus(error, fmt::format("cannot read {} {}", what, path));
    };
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat found {};
    if (!file || ::fstat(file.get(), &found) != 0) {
        return failed(errno);
    }
    if (!S_ISREG(found.st_mode) || std::size_t(found.st_size) > longest_file) {
        return absl::InvalidArgumentError(
            fmt::format("{} {} is not a file of at most {} MiB: give a PEM file", what, path,
                        longest_file >> 20));
    }
    std::string text(std::size_t(found.st_size), '\0');
    const ssize_t length = ::read(file.get(), text.data(), text.size());
    if (length < 0) {
        return failed(errno);
    }
    text.resize(std::size_t(length));
    return text;
}

Bio open(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), int(text.size())));
}

/// The next certificate of a PEM text; null at its end.
Certificate next_certificate(BIO* bio) {
    Certificate certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
    // The end of the text is an error to OpenSSL, which others on this thread must not find.
    ERR_clear_error();
    return certificate;
}

std::string in_words(const ASN1_TIME* time) {
    tm parts{};
    ASN1_TIME_to_tm(time, &parts);
    return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromTM(parts, absl::UTCTimeZone()),
                            absl::UTCTimeZone());
}

/// Empty where it is valid, else "expired on ..." or "is not valid before ...".
std::string why_not_valid(const X509& certificate, absl::Time now) {
    time_t seconds = absl::ToTimeT(now);
    const ASN1_TIME* const end = X509_get0_notAfter(&certificate);
    const ASN1_TIME* const begin = X509_get0_notBefore(&certificate);
    if (X509_cmp_time(end, &seconds) < 0) {
        return fmt::format("expired on {}", in_words(end));
    }
    if (X509_cmp_time(begin, &seconds) > 0) {
        return fmt::format("is not valid before {}", in_words(begin));
    }
    return "";
}

absl::StatusOr<Key> parse_key(const std::string& text, const std::string& path) {
    bool is_encrypted = false;
    // Without it OpenSSL would ask at the terminal.
    const auto no_passphrase = [](char*, int, int, void* asked) {
        *static_cast<bool*>(asked) = true;
        return -1;
    };
    const Bio bio = open(text);
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &is_encrypted));
    ERR_clear_error();
    if (is_encrypted) {
        return absl::InvalidArgumentError(fmt::format(
            "the key {} has a passphrase, which nobody is there to type: give one without, as "
            "'openssl pkey -in {} -out FILE' writes it",
            path, path));
    }
    if (key == nullptr) {
        return absl::InvalidArgumentError(
            fmt::format("{} holds no private key in PEM form: give one that does", path));
    }
    return key;
}

absl::Status check_authorities(const std::string& text, const std::string& path, absl::Time now) {
    const Bio bio = open(text);
    std::string reason;
    while (const Certificate authority = next_certificate(bio.get())) {
        reason = why_not_valid(*authority, now);
        if (reason.empty()) {
            return absl::OkStatus();
        }
    }
    if (reason.empty()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} holds no certificate of an authority in PEM form: give one that does", path));
    }
    return absl::FailedPreconditionError(fmt::format(
        "no authority in {} is valid now, the last {}: give one that is", path, reason));
}

absl::Status check_identity(const Contents& contents, const Files& files, absl::Time now) {
    const Certificate certificate = next_certificate(open(contents.certificate).get());
    if (certificate == nullptr) {
        return absl::InvalidArgumentError(fmt::format(
            "{} holds no certificate in PEM form: give one that does", files.certificate));
    }
    const auto key = parse_key(contents.key, files.key);
    if (!key.ok()) {
        return key.status();
    }
    const bool fits = X509_check_private_key(certificate.get(), key->get()) == 1;
    ERR_clear_error();
    if (!fits) {
        return absl::InvalidArgumentError(
            fmt::format("the key {} does not belong to the certificate {}: give the two that were "
                        "made together",
                        files.key, files.certificate));
    }
    if (const std::string reason = why_not_valid(*certificate, now); !reason.empty()) {
        return absl::FailedPreconditionError(
            fmt::format("the certificate {} {}: have a new one issued", files.certificate, reason));
    }
    return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Contents> read(const Files& files, absl::Time now) {
    Contents contents;
    for (const auto& [what, path, text] :
         {std::tuple("the certificate", &files.certificate, &contents.certificate),
          std::tuple("the key", &files.key, &contents.key),
          std::tuple("the authorities' certificates", &files.ca, &contents.ca)}) {
        auto found = read_file(what, *path);
        if (!found.ok()) {
            return found.status();
        }
        *text = *std::move(found);
    }
    if (auto status = check_identity(contents, files, now); !status.ok()) {
        return status;
    }
    if (auto status = check_authorities(contents.ca, files.ca, now); !status.ok()) {
        return status;
    }
    return contents;
}

}  // namespace api::tls
