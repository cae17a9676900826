// SPDX-License-Identifier: Apache-2.0
#include "api/metrics/collectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "api/metrics/text.hpp"

namespace api::metrics {

namespace {

bool is_name(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
           std::all_of(text.begin(), text.end(), allowed);
}

absl::Status check(const Family& family) {
    const auto wrong = [&](std::string_view why) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' cannot name a metric: {}", family.name, why));
    };
    if (!is_name(family.name) || !family.name.starts_with("sluice_")) {
        return wrong("give lower-case letters, digits and _, with sluice_ in front");
    }
    for (const std::string_view suffix : {"_total", "_info", "_created", "_count", "_sum"}) {
        if (family.name.ends_with(suffix)) {
            return wrong(fmt::format("leave the suffix {} to the text form", suffix));
        }
    }
    if (!family.unit.empty() && !family.name.ends_with("_" + family.unit)) {
        return wrong(fmt::format("its unit is {}, which must stand at its end", family.unit));
    }
    if (family.kind == Kind::info && !family.unit.empty()) {
        return wrong("what only informs has no unit");
    }
    for (const std::string& label : family.labels) {
        if (!is_name(label) || std::count(family.labels.begin(), family.labels.end(), label) != 1) {
            return wrong(
                fmt::format("its label '{}' is not one; give each once, in lower-case "
                            "letters, digits and _",
                            label));
        }
    }
    return absl::OkStatus();
}

}  // namespace

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::counter:
            return "counter";
        case Kind::gauge:
            return "gauge";
        case Kind::info:
            return "info";
    }
    return "unknown";
}

void Samples::add(std::initializer_list<std::string_view> label_values, Value value) {
    Sample& sample = samples_.emplace_back();
    sample.value = value;
    auto given = label_values.begin();
    for (const std::string& label : family_.labels) {
        const std::string_view text = given == label_values.end() ? "" : *given++;
        sample.labels += sample.labels.empty() ? "" : ",";
        sample.labels += fmt::format("{}=\"{}\"", label, escaped(text));
    }
}

absl::Status Collectors::add(std::string owner, Family family, Collector collector) {
    if (auto status = check(family); !status.ok()) {
        return status;
    }
    const std::string name = family.name;
    if (const auto found = families_.find(name); found != families_.end()) {
        return absl::AlreadyExistsError(
            fmt::format("'{}' is a metric of {} already; choose another "
                        "name for the one of {}",
                        name, found->second.owner, owner));
    }
    families_.emplace(name, Entry{std::move(owner), std::make_shared<Family>(std::move(family)),
                                  std::move(collector)});
    return absl::OkStatus();
}

void Collectors::remove_owner(std::string_view owner) {
    std::erase_if(families_, [&](const auto& entry) { return entry.second.owner == owner; });
}

bool Collectors::collect_next(std::string& after, Page& page) const {
    const auto found = families_.upper_bound(after);
    if (found == families_.end()) {
        return false;
    }
    after = found->first;
    Samples samples(*found->second.family);
    try {
        found->second.collector(samples);
    } catch (const std::exception&) {
        samples.take();
    }
    page.push_back({found->second.family, samples.take()});
    return true;
}

Page Collectors::collect() const {
    Page page;
    std::string after;
    while (collect_next(after, page)) {
    }
    return page;
}

}  // namespace api::metrics
