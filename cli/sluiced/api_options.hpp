// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/server/server.hpp"

namespace cli {

/// Who may speak to the daemon, as its command line says it; the socket's path is in Options.
struct ApiOptions {
    /// Octal.
    std::string socket_mode = "0660";
    /// A group's name or number; the daemon's own group where it is empty.
    std::string socket_group;
    /// A second socket, whose callers may only read; none where it is empty.
    std::string read_socket;
    std::string read_socket_mode = "0660";
    /// ADDRESS:PORT, for TCP with mutual TLS; none where it is empty.
    std::string listen;
    std::string tls_certificate;
    std::string tls_key;
    std::string tls_ca;
    std::string tls_roles;
};

/// Reads "0660", an octal mode of at most 0777 with which the owner may read and write.
absl::StatusOr<mode_t> parse_mode(const std::string& text);
/// The number of a group of this machine.
absl::StatusOr<gid_t> find_group(const std::string& name);

/// What the options ask for, a server each: the socket at `socket`, then those that were asked for
/// beside it. The sentence of an error names the option. Reads no file.
absl::StatusOr<std::vector<api::Server::Options>> server_options(const std::string& socket,
                                                                 const ApiOptions& options);

}  // namespace cli
