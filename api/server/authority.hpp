// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <grpcpp/server_context.h>

#include <memory>
#include <string>
#include <string_view>

#include "api/method.hpp"
#include "api/server/connections.hpp"
#include "api/server/roles.hpp"

namespace api {

/// Who calls, and what that caller may do: asked for each call, on gRPC's threads.
class Authority {
public:
    virtual ~Authority() = default;

    /// PERMISSION_DENIED, with what to do about it, where the caller may not call `method`, which
    /// needs `role`.
    virtual absl::Status check(const grpc::CallbackServerContext& context, Role role,
                               std::string_view method) const = 0;
    /// The caller in a few words, for the audit log.
    virtual std::string caller(const grpc::CallbackServerContext& context) const = 0;
};

/// Of a Unix socket: whoever may open it has its role. `connections` must outlive it.
std::unique_ptr<Authority> socket_authority(Role role, const Connections& connections);

/// Of TCP with mutual TLS: the names in the client's certificate have roles in a file.
std::unique_ptr<Authority> certificate_authority(std::unique_ptr<RoleFile> roles);

}  // namespace api
