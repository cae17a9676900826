// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <thread>

namespace graph::testing {

/// Runs `step` until `done` is true, giving the core away in between. False when that takes too
/// long.
template <class Done, class Step>
bool eventually(Done done, Step step, std::chrono::seconds deadline = std::chrono::seconds(60)) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!done()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        step();
        std::this_thread::yield();
    }
    return true;
}

template <class Done>
bool eventually(Done done) {
    return eventually(done, [] {});
}

}  // namespace graph::testing
