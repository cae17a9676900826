// SPDX-License-Identifier: Apache-2.0
#include "api/server/authority.hpp"

#include <fmt/format.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace api {
namespace {

class SocketAuthority final : public Authority {
public:
    SocketAuthority(Role role, const Connections& connections)
        : role_(role), connections_(connections) {}

    absl::Status check(const grpc::CallbackServerContext&, Role role,
                       std::string_view method) const override {
        if (role == Role::read || role_ == Role::write) {
            return absl::OkStatus();
        }
        return absl::PermissionDeniedError(
            fmt::format("{} changes something, and this socket only lets read: use the socket of "
                        "the role write",
                        method));
    }

    std::string caller(const grpc::CallbackServerContext& context) const override {
        // gRPC calls a connection that was handed to it as a descriptor "fd:17".
        constexpr std::string_view prefix = "fd:";
        const std::string peer = context.peer();
        int fd = -1;
        if (peer.starts_with(prefix)) {
            std::from_chars(peer.data() + prefix.size(), peer.data() + peer.size(), fd);
        }
        const auto found = connections_.peer(fd);
        return found ? fmt::format("uid {}, process {}", found->uid, found->pid)
                     : std::string("a caller that has left");
    }

private:
    const Role role_;
    const Connections& connections_;
};

/// What a certificate calls its owner: DNS names and URIs of the alternative names, and the common
/// name.
std::vector<std::string> names_of(const grpc::CallbackServerContext& context) {
    std::vector<std::string> names;
    const auto authenticated = context.auth_context();
    for (const char* property :
         {GRPC_PEER_DNS_PROPERTY_NAME, GRPC_PEER_URI_PROPERTY_NAME, GRPC_X509_CN_PROPERTY_NAME}) {
        for (const auto& value : authenticated->FindPropertyValues(property)) {
            std::string name(value.data(), value.size());
            if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
                names.push_back(std::move(name));
            }
        }
    }
    return names;
}

/// As many names as a sentence can bear. They come from a certificate that an authority of ours has
/// signed, but whoever signs need not look at each letter.
std::string in_words(const std::vector<std::string>& names) {
    constexpr std::size_t most_names = 4;
    constexpr std::size_t longest = 200;
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < most_names; ++i) {
        text += i == 0 ? "'" : ", '";
        for (const char character : names[i].substr(0, longest)) {
            const bool is_plain = character >= ' ' && character != '\x7f';
            text += is_plain ? character : '?';
        }
        text += '\'';
    }
    return text.empty() ? "without a name" : text;
}

/// "192.0.2.1:4711" of gRPC's "ipv4:192.0.2.1:4711", "[::1]:4711" of "ipv6:%5B::1%5D:4711".
std::string address_of(const grpc::CallbackServerContext& context) {
    std::string peer = context.peer();
    peer.erase(0, peer.find(':') + 1);
    for (const auto& [code, character] : {std::pair("%5B", "["), std::pair("%5D", "]")}) {
        if (const auto at = peer.find(code); at != std::string::npos) {
            peer.replace(at, 3, character);
        }
    }
    return peer;
}

class CertificateAuthority final : public Authority {
public:
    explicit CertificateAuthority(std::unique_ptr<RoleFile> roles) : roles_(std::move(roles)) {}

    absl::Status check(const grpc::CallbackServerContext& context, Role role,
                       std::string_view method) const override {
        const auto names = names_of(context);
        const auto granted = roles_->role_of(names);
        if (!granted) {
            return absl::PermissionDeniedError(fmt::format(
                "the certificate {} has no role here: add a line with that name and read or write "
                "to {} of the daemon's machine",
                in_words(names), roles_->path()));
        }
        if (role == Role::write && *granted == Role::read) {
            return absl::PermissionDeniedError(
                fmt::format("{} changes something, and the certificate {} may only read: give it "
                            "the role write "
                            "in {} of the daemon's machine",
                            method, in_words(names), roles_->path()));
        }
        return absl::OkStatus();
    }

    std::string caller(const grpc::CallbackServerContext& context) const override {
        return fmt::format("{} at {}", in_words(names_of(context)), address_of(context));
    }

private:
    const std::unique_ptr<RoleFile> roles_;
};

}  // namespace

std::unique_ptr<Authority> socket_authority(Role role, const Connections& connections) {
    return std::make_unique<SocketAuthority>(role, connections);
}

std::unique_ptr<Authority> certificate_authority(std::unique_ptr<RoleFile> roles) {
    return std::make_unique<CertificateAuthority>(std::move(roles));
}

}  // namespace api
