// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "api/registry.hpp"
#include "api/server/egress.hpp"

namespace api {

class Call;

/// What the calls of one server share: the two threads that work on them, and the references that
/// keep them alive while gRPC holds their bare pointers. Lives as long as its last call.
class Hub {
public:
    /// `max_request_bytes`: see Server::Options.
    Hub(Registry& registry, boost::asio::io_context& control, std::size_t max_request_bytes)
        : registry_(registry), control_(control), max_request_bytes_(max_request_bytes) {}

    Registry& registry() { return registry_; }
    Egress& egress() { return egress_; }

    /// Runs `function` on the control thread, in order. Any thread.
    template <class Function>
    void post_control(Function&& function) {
        boost::asio::post(control_, std::forward<Function>(function));
    }

    /// Keeps account of a request of so many bytes for as long as the result lives, which holds the
    /// hub. Null where too much is in hand already. Any thread.
    static std::shared_ptr<void> reserve(const std::shared_ptr<Hub>& hub, std::size_t bytes);
    std::size_t max_request_bytes() const { return max_request_bytes_; }

    /// Holds a call until leave().
    void enter(std::shared_ptr<Call> call);
    /// Gives back the reference that enter() took.
    std::shared_ptr<Call> leave(Call* call);
    /// Ends all calls, and from now on those that enter.
    void end_all(const absl::Status& status);

private:
    Registry& registry_;
    boost::asio::io_context& control_;
    const std::size_t max_request_bytes_;
    std::atomic<std::size_t> request_bytes_{0};
    std::mutex mutex_;
    std::unordered_map<Call*, std::shared_ptr<Call>> calls_;
    absl::Status ended_;
    Egress egress_;
};

}  // namespace api
