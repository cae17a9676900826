// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "api/client/connection.hpp"
#include "api/grpc_lifetime.hpp"
#include "api/tls/files.hpp"

namespace api {
namespace {

std::shared_ptr<grpc::ChannelCredentials> make_credentials(const tls::Contents& contents) {
    namespace security = grpc::experimental;
    security::TlsChannelCredentialsOptions options;
    options.set_certificate_provider(std::make_shared<security::StaticDataCertificateProvider>(
        contents.ca,
        std::vector<security::IdentityKeyCertPair>{{contents.key, contents.certificate}}));
    options.watch_root_certs();
    options.watch_identity_key_cert_pairs();
    return security::TlsCredentials(options);
}

bool is_useless(grpc::Channel& channel) {
    const auto state = channel.GetState(false);
    return state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> TlsConnection::channel() {
    const std::lock_guard lock(mutex_);
    if (channel_ != nullptr && !is_useless(*channel_)) {
        return channel_;
    }
    const auto contents = tls::read(remote_.files);
    if (!contents.ok()) {
        return contents.status();
    }
    keep_grpc();
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    // A daemon on this network is not behind the proxy that a browser uses.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    // Else a channel that failed would be found again in its back-off.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    if (!remote_.name.empty()) {
        arguments.SetSslTargetNameOverride(remote_.name);
    }
    channel_ = grpc::CreateCustomChannel(place(), make_credentials(*contents), arguments);
    count_connection();
    return channel_;
}

absl::Status TlsConnection::explain_unavailable(const grpc::Status& status,
                                                std::string_view method) const {
    // gRPC has no codes for these, only words.
    const std::string& words = status.error_message();
    const auto has = [&](const char* part) { return words.find(part) != std::string::npos; };
    if (has("certificate verify failed")) {
        return absl::UnavailableError(
            fmt::format("the certificate of the daemon at {} is not by an authority in {}, or has "
                        "expired: give the authority's own certificate with --tls-ca ({})",
                        place(), remote_.files.ca, words));
    }
    if (has("Hostname Verification") || has("hostname")) {
        return absl::UnavailableError(fmt::format(
            "the certificate of the daemon at {} does not have that name: give the name "
            "that it has with --tls-name ({})",
            place(), words));
    }
    if (has("Connection refused")) {
        return absl::UnavailableError(
            fmt::format("no daemon answers at {}: is sluiced running, with --listen?", place()));
    }
    if (has("failed to connect")) {
        return absl::UnavailableError(
            fmt::format("the daemon at {} does not let this client in: is the certificate {} by an "
                        "authority that it knows? ({})",
                        place(), remote_.files.certificate, words));
    }
    return absl::UnavailableError(
        fmt::format("the daemon at {} went away during {} ({})", place(), method, words));
}

}  // namespace api
