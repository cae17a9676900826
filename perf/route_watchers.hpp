// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "api/client/client.hpp"

namespace perf {

/// Clients of a running daemon that watch and count the events of routes, each with a connection
/// and a thread of its own.
class RouteWatchers {
public:
    /// Returns when the daemon has answered all of them.
    static absl::StatusOr<std::unique_ptr<RouteWatchers>> start(const std::string& socket,
                                                                unsigned watchers);
    ~RouteWatchers();
    RouteWatchers(const RouteWatchers&) = delete;
    RouteWatchers& operator=(const RouteWatchers&) = delete;

    /// Waits until each has seen so many events; how many that is together. The error of the first
    /// that was sent away.
    absl::StatusOr<uint64_t> await(uint64_t events);

private:
    struct Watcher {
        std::unique_ptr<api::Client> client;
        std::atomic<bool> answered{false};
        std::atomic<bool> ended{false};
        std::atomic<uint64_t> events{0};
        /// Once it has ended.
        absl::Status status;
        std::jthread thread;
    };

    RouteWatchers() = default;
    static void run(Watcher& watcher, const std::stop_token& stop);

    std::vector<std::unique_ptr<Watcher>> watchers_;
};

}  // namespace perf
