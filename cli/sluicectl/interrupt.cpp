// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/interrupt.hpp"

#include <csignal>

namespace cli {
namespace {

sigset_t interrupts() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    return set;
}

}  // namespace

Interrupt::Interrupt() {
    const sigset_t set = interrupts();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    thread_ = std::thread([this] { run(); });
}

Interrupt::~Interrupt() {
    {
        const std::lock_guard lock(mutex_);
        done_ = true;
    }
    pthread_kill(thread_.native_handle(), SIGINT);
    thread_.join();
}

std::stop_token Interrupt::begin() {
    const std::lock_guard lock(mutex_);
    source_ = std::stop_source();
    return source_.get_token();
}

void Interrupt::run() {
    const sigset_t set = interrupts();
    while (true) {
        int signal = 0;
        sigwait(&set, &signal);
        std::stop_source source;
        {
            const std::lock_guard lock(mutex_);
            if (done_) {
                return;
            }
            source = source_;
        }
        source.request_stop();
    }
}

}  // namespace cli
