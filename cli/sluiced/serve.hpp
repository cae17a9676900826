// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "api/registry.hpp"
#include "api/server/server.hpp"
#include "cli/sluiced/options.hpp"

namespace cli {

/// The API at every place that the options name, and the log of who changes what. Control thread.
class Servers {
public:
    /// Serves at all of them or, with a sentence, at none. `registry` and `control` outlive it.
    static absl::StatusOr<std::unique_ptr<Servers>> start(const Options& options,
                                                          api::Registry& registry,
                                                          boost::asio::io_context& control);
    /// Ends all calls and gives the places back.
    ~Servers() = default;

    /// "/run/sluice/api.sock and 192.0.2.1:9443"
    std::string places() const;

private:
    Servers() = default;

    std::vector<std::string> places_;
    std::vector<std::unique_ptr<api::Server>> servers_;
};

}  // namespace cli
