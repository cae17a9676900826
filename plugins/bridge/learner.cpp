// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/learner.hpp"

#include <cstring>

namespace bridge {

void Learner::drain(const std::function<void(const Heard&)>& callback) {
    for (const auto& worker : workers_) {
        for (auto record = worker->ring.front(); !record.empty(); record = worker->ring.front()) {
            Heard heard;
            std::memcpy(&heard, record.data(), sizeof(heard));
            worker->ring.pop();
            callback(heard);
        }
    }
}

uint64_t Learner::overflow() const noexcept {
    uint64_t sum = 0;
    for (const auto& worker : workers_) {
        sum += worker->overflow.read();
    }
    return sum;
}

}  // namespace bridge
