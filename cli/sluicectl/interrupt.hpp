// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace cli {

/// Turns Ctrl-C into the end of the call under way; without a call it does nothing. It blocks
/// SIGINT in the thread that makes it and in all that this thread starts later, so it must be made
/// before any other thread. One at a time.
class Interrupt {
public:
    Interrupt();
    ~Interrupt();

    /// A token for the call that begins now; Ctrl-C stops the newest.
    std::stop_token begin();

private:
    void run();

    std::mutex mutex_;
    std::stop_source source_;
    bool done_ = false;
    std::thread thread_;
};

}  // namespace cli
