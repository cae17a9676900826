// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string_view>

#include "api/registry.hpp"

namespace api {

/// Registers the service sluice.Describe, from which a client learns every service, message and
/// comment that the daemon has, loaded plugins' included, and its `version`. The daemon calls it
/// once; `registry` describes itself as it is at each request. Control thread.
absl::Status add_describe(Registry& registry, std::string_view version);

/// Registers gRPC's server reflection (v1alpha), for grpcurl and its like. Control thread.
absl::Status add_reflection(Registry& registry);

}  // namespace api
