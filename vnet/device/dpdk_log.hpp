// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace vnet::device {

/// Where DPDK's log goes while this lives: errors outside a Capture to the daemon's log as
/// warnings, the rest to its debug level. At most one at a time. Written to by any thread, made and
/// read by control.
class DpdkLog {
public:
    DpdkLog();
    ~DpdkLog();
    DpdkLog(const DpdkLog&) = delete;
    DpdkLog& operator=(const DpdkLog&) = delete;

    /// Keeps what is logged while it lives, so that a refusal can say why. One within another sees
    /// what the outer one has kept so far.
    class Capture {
    public:
        explicit Capture(DpdkLog& log);
        ~Capture();
        Capture(const Capture&) = delete;
        Capture& operator=(const Capture&) = delete;
        /// The line that tells most, without the driver's prefix, lower case at the start; empty
        /// when nothing was logged.
        std::string reason() const;

    private:
        DpdkLog& log_;
    };

private:
    struct Line {
        int level;
        std::string text;
    };
    static ssize_t write(void* self, const char* text, size_t size);
    void take(std::string_view text, int level);

    mutable std::mutex mutex_;
    FILE* stream_ = nullptr;
    std::string partial_;
    unsigned captures_ = 0;
    std::vector<Line> captured_;
};

}  // namespace vnet::device
