// SPDX-License-Identifier: Apache-2.0
#include "api/config/history.hpp"

#include <absl/strings/numbers.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "api/config/files.hpp"

namespace api::config {

namespace {

constexpr std::string_view suffix = ".conf";
constexpr std::string_view until_mark = "# until ";
constexpr std::string_view comment_mark = "# comment ";

std::string path_of(const std::string& folder, std::uint64_t number) {
    return fmt::format("{}/{:06}{}", folder, number, suffix);
}

std::string as_text(const History::Revision& revision) {
    std::string text =
        fmt::format("{}{}\n", until_mark,
                    absl::FormatTime(absl::RFC3339_sec, revision.until, absl::UTCTimeZone()));
    if (!revision.comment.empty()) {
        text += fmt::format("{}{}\n", comment_mark, revision.comment);
    }
    return text + revision.text;
}

/// Takes a line that begins with a mark off the front of a text; what follows the mark.
std::string take_marked(std::string_view& text, std::string_view mark) {
    if (!text.starts_with(mark)) {
        return {};
    }
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string value(text.substr(mark.size(), end - mark.size()));
    text.remove_prefix(std::min(end + 1, text.size()));
    return value;
}

History::Revision from_text(std::string_view text) {
    History::Revision revision;
    std::string error;
    absl::ParseTime(absl::RFC3339_full, take_marked(text, until_mark), &revision.until, &error);
    revision.comment = take_marked(text, comment_mark);
    revision.text = std::string(text);
    return revision;
}

/// The numbers of the files of a folder, newest first.
std::deque<std::uint64_t> numbers_in(const std::string& folder) {
    std::deque<std::uint64_t> numbers;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        std::uint64_t number = 0;
        if (entry.path().extension() == suffix &&
            absl::SimpleAtoi(entry.path().stem().string(), &number)) {
            numbers.push_back(number);
        }
    }
    std::sort(numbers.begin(), numbers.end(), std::greater<>());
    return numbers;
}

}  // namespace

std::string utc(absl::Time time) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

History History::open(std::string folder, std::vector<std::string>& warnings) {
    History history;
    for (const std::uint64_t number : numbers_in(folder)) {
        if (history.revisions_.size() == most) {
            break;
        }
        const auto text = read_file(path_of(folder, number));
        if (!text.ok()) {
            warnings.emplace_back(text.status().message());
            continue;
        }
        history.revisions_.push_back(from_text(*text));
        history.files_.push_back(number);
    }
    history.folder_ = std::move(folder);
    return history;
}

absl::Status History::add(Revision revision) {
    std::replace(revision.comment.begin(), revision.comment.end(), '\n', ' ');
    const std::uint64_t number = files_.empty() ? 1 : files_.front() + 1;
    absl::Status status;
    if (!folder_.empty()) {
        std::error_code error;
        std::filesystem::create_directory(folder_, error);
        status = write_file(path_of(folder_, number), as_text(revision));
    }
    revisions_.push_front(std::move(revision));
    files_.push_front(number);
    while (revisions_.size() > most) {
        if (!folder_.empty()) {
            ::unlink(path_of(folder_, files_.back()).c_str());
        }
        revisions_.pop_back();
        files_.pop_back();
    }
    return status;
}

absl::StatusOr<const History::Revision*> History::get(std::uint64_t number) const {
    if (number == 0 || number > revisions_.size()) {
        return absl::NotFoundError(
            revisions_.empty()
                ? fmt::format("there is no revision {}: nothing has been committed yet", number)
                : fmt::format("there is no revision {}; there are 1 to {}", number,
                              revisions_.size()));
    }
    return &revisions_[number - 1];
}

}  // namespace api::config
