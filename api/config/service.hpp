// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>

#include "api/config/session.hpp"
#include "api/registry.hpp"

namespace api::config {

/// Registers the service sluice.Config over what the registry's writers say. The daemon calls it
/// once, before it serves. `registry` and `control` outlive the service. Control thread.
absl::Status add_config(Registry& registry, boost::asio::io_context& control,
                        Session::Options options);

}  // namespace api::config
