// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/history.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

namespace cli {
namespace {

/// An open file, locked against other shells.
class Locked {
public:
    Locked(const std::string& path, int flags)
        : descriptor_(path.empty() ? -1 : ::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
        struct stat what {};
        if (descriptor_ >= 0 && (::fstat(descriptor_, &what) != 0 || !S_ISREG(what.st_mode))) {
            ::close(descriptor_);
            descriptor_ = -1;
        }
        if (descriptor_ >= 0) {
            ::flock(descriptor_, LOCK_EX);
        }
    }
    ~Locked() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

    bool is_open() const { return descriptor_ >= 0; }
    int get() const { return descriptor_; }

    std::string read_all() const {
        std::string text;
        char bytes[65536];
        ssize_t count = 0;
        while ((count = ::read(descriptor_, bytes, sizeof bytes)) > 0) {
            text.append(bytes, static_cast<std::size_t>(count));
        }
        return text;
    }

    bool write_all(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t count = ::write(descriptor_, text.data(), text.size());
            if (count <= 0) {
                return false;
            }
            text.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

private:
    int descriptor_;
};

}  // namespace

std::vector<std::string> HistoryFile::load() const {
    const Locked file(path_, O_RDWR);
    if (!file.is_open()) {
        return {};
    }
    const std::string text = file.read_all();
    std::vector<std::string> lines;
    std::set<std::string> met;
    std::size_t stored = 0;
    // From the end, so that of equal lines the last stays.
    std::size_t end = text.size();
    while (end > 0) {
        const std::size_t before = end < 2 ? std::string::npos : text.rfind('\n', end - 2);
        const std::size_t begin = before == std::string::npos ? 0 : before + 1;
        std::string line = text.substr(begin, end - begin);
        line.erase(std::find(line.begin(), line.end(), '\n'), line.end());
        end = begin;
        ++stored;
        if (!line.empty() && lines.size() < most_lines && met.insert(line).second) {
            lines.push_back(std::move(line));
        }
    }
    std::reverse(lines.begin(), lines.end());
    if (stored > 2 * most_lines && ::ftruncate(file.get(), 0) == 0) {
        ::lseek(file.get(), 0, SEEK_SET);
        std::string kept;
        for (const std::string& line : lines) {
            kept += line + '\n';
        }
        file.write_all(kept);
    }
    return lines;
}

void HistoryFile::add(std::string_view line) const {
    if (path_.empty()) {
        return;
    }
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    if (!folder.empty() && !std::filesystem::exists(folder, error)) {
        std::filesystem::create_directories(folder.parent_path(), error);
        ::mkdir(folder.c_str(), 0700);
    }
    const Locked file(path_, O_WRONLY | O_CREAT | O_APPEND);
    if (file.is_open()) {
        // Another program may have made it.
        ::fchmod(file.get(), 0600);
        file.write_all(std::string(line) + '\n');
    }
}

std::string default_history_path() {
    if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
        return std::string(state) + "/sluice/history";
    }
    const char* home = std::getenv("HOME");
    return home != nullptr && *home != '\0' ? std::string(home) + "/.local/state/sluice/history"
                                            : std::string();
}

}  // namespace cli
