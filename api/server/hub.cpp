// SPDX-License-Identifier: Apache-2.0
#include "api/server/hub.hpp"

#include <vector>

#include "api/server/call.hpp"

namespace api {

std::shared_ptr<void> Hub::reserve(const std::shared_ptr<Hub>& hub, std::size_t bytes) {
    if (hub->request_bytes_.fetch_add(bytes) + bytes > hub->max_request_bytes_) {
        hub->request_bytes_.fetch_sub(bytes);
        return nullptr;
    }
    // Nothing is allocated but the count: the pointer itself is the hub's.
    return {hub.get(), [hub, bytes](Hub* self) { self->request_bytes_.fetch_sub(bytes); }};
}

void Hub::enter(std::shared_ptr<Call> call) {
    Call* const key = call.get();
    absl::Status ended;
    {
        const std::lock_guard lock(mutex_);
        calls_.emplace(key, std::move(call));
        ended = ended_;
    }
    if (!ended.ok()) {
        key->end(ended);
    }
}

std::shared_ptr<Call> Hub::leave(Call* call) {
    const std::lock_guard lock(mutex_);
    auto node = calls_.extract(call);
    return std::move(node.mapped());
}

void Hub::end_all(const absl::Status& status) {
    std::vector<std::shared_ptr<Call>> calls;
    {
        const std::lock_guard lock(mutex_);
        ended_ = status;
        for (const auto& [key, call] : calls_) {
            calls.push_back(call);
        }
    }
    for (const auto& call : calls) {
        call->abort(status);
    }
}

}  // namespace api
