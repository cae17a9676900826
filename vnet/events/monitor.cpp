// SPDX-License-Identifier: Apache-2.0
#include "vnet/events/monitor.hpp"

#include <algorithm>
#include <utility>

namespace vnet::events {

std::shared_ptr<Monitor> Monitor::open(Journal& journal, std::vector<sluice::EventTopic> topics,
                                       std::shared_ptr<api::FeedChannel> channel) {
    std::shared_ptr<Monitor> monitor(new Monitor(
        journal, std::move(topics), journal.log().position().number, std::move(channel)));
    journal.log().follow(monitor);
    return monitor;
}

absl::StatusOr<api::FeedBatch<sluice::EventLine>> Monitor::next() {
    if (auto status = check(); !status.ok()) {
        return status;
    }
    auto items = std::make_shared<std::vector<Item>>();
    reader().read([&](size_t topic, size_t place) {
        if (items->size() >= most_items) {
            return false;
        }
        items->push_back(journal().item(topics()[topic], place));
        return true;
    });
    const size_t count = items->size();
    return api::FeedBatch<sluice::EventLine>{
        count, [items = std::move(items)](size_t number, sluice::EventLine& line) {
            sluice::Event event;
            (*items)[number].write(event);
            line = line_of(event);
        }};
}

std::vector<sluice::EventLine> last_lines(const Journal& journal,
                                          const std::vector<sluice::EventTopic>& topics,
                                          size_t most) {
    // The last so many of each topic are enough: the oldest of all of them give way.
    std::vector<std::pair<uint64_t, Item>> found;
    for (const sluice::EventTopic topic : topics) {
        const api::events::Topic& log = journal.topic(topic);
        for (size_t place = log.size() - std::min(most, log.size()); place < log.size(); ++place) {
            found.emplace_back(log.number(place), journal.item(topic, place));
        }
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    found.erase(found.begin(), found.end() - ptrdiff_t(std::min(most, found.size())));
    std::vector<sluice::EventLine> lines;
    for (const auto& [number, item] : found) {
        sluice::Event event;
        item.write(event);
        lines.push_back(line_of(event));
    }
    return lines;
}

}  // namespace vnet::events
