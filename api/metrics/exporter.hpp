// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <memory>

#include "api/metrics/collectors.hpp"
#include "api/metrics/endpoint.hpp"

namespace api::metrics {

/// Serves the metrics page by HTTP/1.1: GET /metrics, in the format that the client accepts.
///
/// Threads: connections and text belong to a thread of its own; on the control thread it only
/// collects, a family at a time, so that other work gets its turn in between. Requests that come
/// while a page is being collected share it.
///
/// Nobody is asked who he is: what the page tells (names, addresses of interfaces, counters) is for
/// whoever reaches the endpoint. It cannot change anything.
class Exporter {
public:
    struct Limits {
        /// Beyond it, the connection that was silent longest is closed for the new one.
        size_t connections = 32;
        size_t header_bytes = 8192;
        /// For a request to come in whole, and for its answer to go out.
        std::chrono::milliseconds request_time{10'000};
        /// Between two requests of a connection.
        std::chrono::milliseconds idle_time{90'000};
        /// For the control thread to collect; then the answer is 503.
        std::chrono::milliseconds collect_time{5'000};
    };

    /// Listens at `endpoint`; a Unix socket's mode is 0660, its folder is made, a dead daemon's
    /// socket replaced. `collectors` and `control` outlive the exporter. Refused with a sentence
    /// where the endpoint is taken or not ours.
    static absl::StatusOr<std::unique_ptr<Exporter>> start(const Collectors& collectors,
                                                           boost::asio::io_context& control,
                                                           const Endpoint& endpoint,
                                                           const Limits& limits);
    static absl::StatusOr<std::unique_ptr<Exporter>> start(const Collectors& collectors,
                                                           boost::asio::io_context& control,
                                                           const Endpoint& endpoint) {
        return start(collectors, control, endpoint, Limits());
    }
    /// Closes all connections. On the control thread.
    ~Exporter();
    Exporter(const Exporter&) = delete;
    Exporter& operator=(const Exporter&) = delete;

    /// With the port that was chosen where none was asked for.
    const Endpoint& endpoint() const noexcept;

private:
    class Impl;
    explicit Exporter(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace api::metrics
