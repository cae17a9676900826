// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cli {

/// Tells the service manager how the daemon is (sd_notify(3)): datagrams of lines to the socket
/// that NOTIFY_SOCKET names. Where none is named, nobody is told. Any thread.
class Notify {
public:
    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
    static Notify from_environment();
    /// `path` begins with / or, for an abstract name, with @; empty: there is no manager.
    Notify(std::string path, std::optional<std::chrono::microseconds> watchdog)
        : path_(std::move(path)), watchdog_(watchdog) {}

    /// It serves.
    void ready() const { send("READY=1"); }
    /// It is about to end.
    void stopping() const { send("STOPPING=1"); }
    /// It still turns.
    void alive() const { send("WATCHDOG=1"); }
    /// How often alive() must be said, with room to spare; nothing where nobody watches.
    std::optional<std::chrono::microseconds> period() const {
        return watchdog_ ? std::optional(*watchdog_ / 3) : std::nullopt;
    }

private:
    void send(std::string_view text) const;
    std::string path_;
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace cli
