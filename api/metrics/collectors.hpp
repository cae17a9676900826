// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "api/metrics/family.hpp"

namespace api::metrics {

/// Adds the samples of one family as they stand now. Runs on the control thread, and must be as
/// short as any handler there.
using Collector = std::function<void(Samples&)>;

/// All families, and who collects them. Parts of the daemon and plugins add theirs; nothing else
/// lists them. Control thread.
class Collectors {
public:
    /// INVALID_ARGUMENT for names that OpenMetrics does not allow, or without their unit at the
    /// end; ALREADY_EXISTS for a name that is taken.
    absl::Status add(std::string owner, Family family, Collector collector);
    /// Takes out all that an owner has added; none of its collectors runs afterwards.
    void remove_owner(std::string_view owner);

    /// Collects the family whose name follows `after` ("" for the first) and appends it to the
    /// page; false behind the last. So a page can be collected in short steps, while families come
    /// and go. What a collector throws leaves its family empty.
    bool collect_next(std::string& after, Page& page) const;
    /// All at once.
    Page collect() const;

private:
    struct Entry {
        std::string owner;
        std::shared_ptr<const Family> family;
        Collector collector;
    };
    std::map<std::string, Entry, std::less<>> families_;
};

}  // namespace api::metrics
