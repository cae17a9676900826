// SPDX-License-Identifier: Apache-2.0
#include "api/server/certificates.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace api {
namespace {

/// How often gRPC looks at the copies.
constexpr unsigned look_every_s = 1;

/// Puts a file in memory that holds `text` behind the number of `file`. Who opens it meanwhile
/// sees the one or the other.
absl::Status put_behind(File& file, std::string_view text) {
    File fresh(::memfd_create("sluice-certificates", MFD_CLOEXEC));
    if (!fresh || ::write(fresh.get(), text.data(), text.size()) != ssize_t(text.size())) {
        return absl::ErrnoToStatus(errno, "cannot keep certificates in memory");
    }
    if (!file) {
        file = std::move(fresh);
    } else if (::dup3(fresh.get(), file.get(), O_CLOEXEC) < 0) {
        return absl::ErrnoToStatus(errno, "cannot exchange certificates in memory");
    }
    return absl::OkStatus();
}

std::string path_of(const File& file) {
    return fmt::format("/proc/self/fd/{}", file.get());
}

bool are_equal(const tls::Contents& a, const tls::Contents& b) {
    return a.certificate == b.certificate && a.key == b.key && a.ca == b.ca;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Certificates>> Certificates::open(tls::Files files,
                                                                 OnProblem on_problem) {
    std::unique_ptr<Certificates> certificates(
        new Certificates(std::move(files), std::move(on_problem)));
    auto contents = tls::read(certificates->files_);
    if (!contents.ok()) {
        return contents.status();
    }
    if (auto status = certificates->publish(*std::move(contents)); !status.ok()) {
        return status;
    }
    return certificates;
}

absl::Status Certificates::publish(tls::Contents contents) {
    auto status = put_behind(identity_, contents.key + "\n" + contents.certificate);
    if (status.ok()) {
        status = put_behind(authorities_, contents.ca);
    }
    if (status.ok()) {
        contents_ = std::move(contents);
    }
    return status;
}

void Certificates::refresh() {
    auto contents = tls::read(files_);
    absl::Status status = contents.status();
    if (status.ok() && !are_equal(*contents, contents_)) {
        status = publish(*std::move(contents));
    }
    if (std::string(status.message()) != problem_) {
        problem_ = std::string(status.message());
        if (!status.ok() && on_problem_) {
            on_problem_(problem_ + "; the certificates that were read before still serve");
        }
    }
}

std::shared_ptr<grpc::ServerCredentials> Certificates::credentials() const {
    namespace security = grpc::experimental;
    const std::string identity = path_of(identity_);
    security::TlsServerCredentialsOptions options(
        std::make_shared<security::FileWatcherCertificateProvider>(
            identity, identity, path_of(authorities_), look_every_s));
    options.watch_root_certs();
    options.watch_identity_key_cert_pairs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    // A client has no host name to be checked: its names are looked up in the roles file.
    options.set_certificate_verifier(std::make_shared<security::NoOpCertificateVerifier>());
    options.set_check_call_host(false);
    return security::TlsServerCredentials(options);
}

}  // namespace api
