// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/notify.hpp"

#include <absl/strings/numbers.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "api/file.hpp"

namespace cli {

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

Notify Notify::from_environment() {
    int64_t watchdog_us = 0;
    const std::string for_process = environment("WATCHDOG_PID");
    const bool watched = absl::SimpleAtoi(environment("WATCHDOG_USEC"), &watchdog_us) &&
                         watchdog_us > 0 &&
                         (for_process.empty() || for_process == std::to_string(getpid()));
    return Notify(environment("NOTIFY_SOCKET"),
                  watched ? std::optional(std::chrono::microseconds(watchdog_us)) : std::nullopt);
}

void Notify::send(std::string_view text) const {
    sockaddr_un address{};
    if (path_.size() < 2 || path_.size() >= sizeof(address.sun_path) ||
        (path_[0] != '/' && path_[0] != '@')) {
        return;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    if (path_[0] == '@') {
        address.sun_path[0] = '\0';
    }
    const api::File socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (socket) {
        // A manager that does not listen is its own affair.
        (void)sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                     reinterpret_cast<const sockaddr*>(&address),
                     socklen_t(offsetof(sockaddr_un, sun_path) + path_.size()));
    }
}

}  // namespace cli
