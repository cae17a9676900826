// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/api_options.hpp"

#include <absl/strings/numbers.h>
#include <fmt/format.h>
#include <grp.h>

#include <array>
#include <charconv>
#include <utility>

namespace cli {

namespace {

absl::Status named(std::string_view option, const absl::Status& status) {
    return {status.code(), fmt::format("{}: {}", option, std::string(status.message()))};
}

absl::StatusOr<api::Server::Options> unix_server(const std::string& path, api::Role role,
                                                 std::string_view mode_option,
                                                 const std::string& mode,
                                                 const std::string& group) {
    api::Server::Options server;
    server.unix_path = path;
    server.role = role;
    const auto parsed = parse_mode(mode);
    if (!parsed.ok()) {
        return named(mode_option, parsed.status());
    }
    server.mode = *parsed;
    if (!group.empty()) {
        const auto found = find_group(group);
        if (!found.ok()) {
            return named("--socket-group", found.status());
        }
        server.group = *found;
    }
    return server;
}

/// All or none: TCP without TLS is not served, and files for TLS serve nothing without an address.
absl::Status check_complete(const ApiOptions& options) {
    const std::array<std::pair<const char*, const std::string*>, 5> all = {{
        {"--listen", &options.listen},
        {"--tls-certificate", &options.tls_certificate},
        {"--tls-key", &options.tls_key},
        {"--tls-ca", &options.tls_ca},
        {"--tls-roles", &options.tls_roles},
    }};
    std::string given;
    std::string missing;
    for (const auto& [option, value] : all) {
        std::string& list = value->empty() ? missing : given;
        list += fmt::format("{}{}", list.empty() ? "" : ", ", option);
    }
    if (given.empty() || missing.empty()) {
        return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        fmt::format("{} without {}: TCP is only served with mutual TLS, so give all five or none",
                    given, missing));
}

absl::StatusOr<api::Server::Options> tls_server(const ApiOptions& options) {
    const auto address = api::parse_tcp_address(options.listen);
    if (!address.ok()) {
        return absl::InvalidArgumentError(
            fmt::format("--listen {}: {}; give ADDRESS:PORT, as in 192.0.2.1:9443 or [::]:9443",
                        options.listen, std::string(address.status().message())));
    }
    api::Server::Options server;
    server.tls = api::Server::Tls{
        .address = *address,
        .files = {options.tls_certificate, options.tls_key, options.tls_ca},
        .roles_file = options.tls_roles,
    };
    // Whoever can reach the port takes one of these until the handshake's time is over.
    server.max_connections = 256;
    return server;
}

}  // namespace

absl::StatusOr<mode_t> parse_mode(const std::string& text) {
    constexpr unsigned owner = 0600;
    constexpr unsigned most = 0777;
    unsigned mode = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    if (error != std::errc() || end != text.data() + text.size() || mode > most ||
        (mode & owner) != owner) {
        return absl::InvalidArgumentError(fmt::format(
            "'{}' is no mode for a socket: give an octal one of 0600 to 0777, as in 0660", text));
    }
    return mode;
}

absl::StatusOr<gid_t> find_group(const std::string& name) {
    std::array<char, 65536> text{};
    group entry{};
    group* found = nullptr;
    ::getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
    if (found != nullptr) {
        return found->gr_gid;
    }
    gid_t number = 0;
    if (absl::SimpleAtoi(name, &number) && number != static_cast<gid_t>(-1)) {
        return number;
    }
    return absl::NotFoundError(fmt::format(
        "this machine has no group '{}': give one that 'getent group' lists, or make it with "
        "'groupadd --system {}'",
        name, name));
}

absl::StatusOr<std::vector<api::Server::Options>> server_options(const std::string& socket,
                                                                 const ApiOptions& options) {
    std::vector<api::Server::Options> servers;
    auto add = [&](absl::StatusOr<api::Server::Options> server) {
        if (server.ok()) {
            servers.push_back(*std::move(server));
        }
        return server.status();
    };
    auto status = add(unix_server(socket, api::Role::write, "--socket-mode", options.socket_mode,
                                  options.socket_group));
    if (status.ok() && !options.read_socket.empty()) {
        if (options.read_socket == socket) {
            return absl::InvalidArgumentError(fmt::format(
                "--read-socket {} is the path of --socket: give another", options.read_socket));
        }
        status = add(unix_server(options.read_socket, api::Role::read, "--read-socket-mode",
                                 options.read_socket_mode, options.socket_group));
    }
    if (status.ok()) {
        status = check_complete(options);
    }
    if (status.ok() && !options.listen.empty()) {
        status = add(tls_server(options));
    }
    if (!status.ok()) {
        return status;
    }
    return servers;
}

}  // namespace cli
