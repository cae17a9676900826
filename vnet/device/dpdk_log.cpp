// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/dpdk_log.hpp"

#include <rte_log.h>
#include <spdlog/spdlog.h>

#include <cctype>

namespace vnet::device {

namespace {

constexpr size_t most_lines = 64;

/// EAL repeats each failure one layer up; these lines tell nothing that the driver did not.
bool is_echo(std::string_view line) {
    return line.find("Failed to attach device on primary") != line.npos ||
           line.find("Driver cannot attach the device") != line.npos ||
           line.find("intr handle unset") != line.npos ||
           line.find("Intr handle unset") != line.npos;
}

/// Cuts "function(): " and "EAL: ", the full stop at the end, and a leading capital that is not a
/// name.
std::string plain(std::string_view line) {
    if (const size_t call = line.find("(): "); call != line.npos && call < line.find(' ')) {
        line.remove_prefix(call + 4);
    }
    if (line.substr(0, 5) == "EAL: ") {
        line.remove_prefix(5);
    }
    while (!line.empty() && (line.back() == '.' || line.back() == ' ')) {
        line.remove_suffix(1);
    }
    std::string text(line);
    if (text.size() > 1 && std::isupper(static_cast<unsigned char>(text[0])) != 0 &&
        std::islower(static_cast<unsigned char>(text[1])) != 0) {
        text[0] = char(std::tolower(static_cast<unsigned char>(text[0])));
    }
    return text;
}

}  // namespace

DpdkLog::DpdkLog() {
    cookie_io_functions_t functions{};
    functions.write = &DpdkLog::write;
    stream_ = fopencookie(this, "w", functions);
    if (stream_ != nullptr) {
        rte_openlog_stream(stream_);
    }
}

DpdkLog::~DpdkLog() {
    if (stream_ != nullptr) {
        rte_openlog_stream(nullptr);
        std::fclose(stream_);
    }
}

ssize_t DpdkLog::write(void* self, const char* text, size_t size) {
    // DPDK flushes after every message, so that this is the thread that logs, and its level is
    // known.
    static_cast<DpdkLog*>(self)->take({text, size}, rte_log_cur_msg_loglevel());
    return ssize_t(size);
}

void DpdkLog::take(std::string_view text, int level) {
    const std::lock_guard lock(mutex_);
    partial_ += text;
    size_t end = 0;
    while ((end = partial_.find('\n')) != partial_.npos) {
        const std::string line = partial_.substr(0, end);
        partial_.erase(0, end + 1);
        if (line.empty()) {
            continue;
        }
        const bool quiet = captures_ != 0 || is_echo(line);
        spdlog::log(
            !quiet && level <= int(RTE_LOG_ERR) ? spdlog::level::warn : spdlog::level::debug,
            "dpdk: {}", line);
        if (captures_ != 0 && captured_.size() < most_lines) {
            captured_.push_back({level, line});
        }
    }
}

DpdkLog::Capture::Capture(DpdkLog& log) : log_(log) {
    const std::lock_guard lock(log_.mutex_);
    ++log_.captures_;
}

DpdkLog::Capture::~Capture() {
    const std::lock_guard lock(log_.mutex_);
    if (--log_.captures_ == 0) {
        log_.captured_.clear();
    }
}

std::string DpdkLog::Capture::reason() const {
    const std::lock_guard lock(log_.mutex_);
    // What is logged first is nearest to the cause; errors tell more than warnings.
    const Line* best = nullptr;
    for (const Line& line : log_.captured_) {
        if (!is_echo(line.text) && (best == nullptr || (best->level > int(RTE_LOG_ERR) &&
                                                        line.level <= int(RTE_LOG_ERR)))) {
            best = &line;
        }
    }
    return best == nullptr ? std::string() : plain(best->text);
}

}  // namespace vnet::device
