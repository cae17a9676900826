// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "api/proto/types.pb.h"
#include "api/registry.hpp"
#include "api/testing/toys.pb.h"

namespace api::testing {

using sluice::testing::CountRequest;
using sluice::testing::Impostor;
using sluice::testing::Number;
using sluice::testing::Numbers;

/// The handlers of sluice.testing.Toys, and what a test wants to know of them.
class Toys {
public:
    absl::Status add_to(Registry& registry) {
        absl::Status status = registry.add_unary<Number, Number>(
            "sluice.testing.Toys.Double",
            [](const Number& number) -> absl::StatusOr<Number> { return doubled(number); });
        status.Update(registry.add_unary<Number, sluice::Empty>("sluice.testing.Toys.Keep",
                                                                [this](const Number& number) {
                                                                    kept = number.value();
                                                                    return sluice::Empty();
                                                                }));
        status.Update(registry.add_unary<Number, Number>(
            "sluice.testing.Toys.Throw", [](const Number&) -> absl::StatusOr<Number> {
                throw std::runtime_error("the toy is broken");
            }));
        status.Update(registry.add_search<CountRequest, Number>(
            "sluice.testing.Toys.Count",
            [this](const CountRequest& request) { return count(request); }));
        status.Update(registry.add_sink<Numbers, Number>(
            "sluice.testing.Toys.Sum", [this] { return std::make_unique<Sum>(*this); }));
        status.Update(registry.add_watch<sluice::Empty, Number>(
            "sluice.testing.Toys.Watch", [this](const sluice::Empty&, Watcher<Number> watcher) {
                watchers.push_back(std::move(watcher));
                return absl::OkStatus();
            }));
        status.Update(registry.add_feed<CountRequest, Number>(
            "sluice.testing.Toys.Follow",
            [this](const CountRequest& request, std::shared_ptr<FeedChannel> channel) {
                return follow(request, std::move(channel));
            }));
        status.Update(registry.add_dialog<Number, Number>(
            "sluice.testing.Toys.DoubleEach",
            [](const Number& number) -> absl::StatusOr<Number> { return doubled(number); }));
        return status;
    }

    /// The files of the service, with comments.
    static std::string_view descriptors();

    std::atomic<std::int64_t> kept{0};
    std::atomic<std::int64_t> items_pulled{0};
    std::atomic<std::int64_t> batches_taken{0};
    std::atomic<std::int64_t> sum_turns{0};
    std::atomic<std::int64_t> sums_finished{0};
    std::atomic<std::int64_t> sums_dropped{0};
    /// Control thread.
    std::vector<Watcher<Number>> watchers;
    /// Control thread: how far the numbers of a feed go, and whom to wake when they go further.
    std::int64_t reached = 0;
    std::vector<std::shared_ptr<FeedChannel>> followers;
    std::atomic<std::int64_t> fed{0};
    std::atomic<int> feeds{0};

private:
    static absl::StatusOr<Number> doubled(const Number& number) {
        if (number.value() < 0) {
            return absl::OutOfRangeError("the number is negative: give one from 0 up");
        }
        Number reply;
        reply.set_value(number.value() * 2);
        return reply;
    }

    absl::StatusOr<SearchSource<Number>> count(const CountRequest& request) {
        if (request.count() < 0) {
            return absl::InvalidArgumentError("the count is negative: give one from 0 up");
        }
        return [this, request, at = std::int64_t{0}, looks = std::uint32_t{0},
                padding = std::string(request.padding_bytes(), 'x')](Number& item) mutable {
            if (++looks < request.looks_each()) {
                return Next::later;
            }
            looks = 0;
            if (at == request.count()) {
                return Next::end;
            }
            if (request.throw_at() > 0 && at == request.throw_at()) {
                throw std::runtime_error("the list is torn");
            }
            item.set_value(at++);
            item.set_padding(padding);
            ++items_pulled;
            return Next::item;
        };
    }

    class Numbering : public Feed<Number> {
    public:
        Numbering(Toys& toys, const CountRequest& request)
            : toys_(toys), padding_(request.padding_bytes(), 'x'), throw_at_(request.throw_at()) {
            ++toys_.feeds;
        }
        ~Numbering() override { --toys_.feeds; }
        absl::StatusOr<FeedBatch<Number>> next() override {
            if (throw_at_ > 0 && at_ >= throw_at_) {
                throw std::runtime_error("the feed is torn");
            }
            const std::int64_t first = at_;
            at_ += std::min<std::int64_t>(toys_.reached - at_, most);
            toys_.fed += at_ - first;
            return FeedBatch<Number>{std::size_t(at_ - first),
                                     [first, padding = padding_](std::size_t number, Number& item) {
                                         item.set_value(first + std::int64_t(number));
                                         item.set_padding(padding);
                                     }};
        }

    private:
        static constexpr std::int64_t most = 100;
        Toys& toys_;
        const std::string padding_;
        const std::int64_t throw_at_;
        std::int64_t at_ = 0;
    };

    absl::StatusOr<std::shared_ptr<Feed<Number>>> follow(const CountRequest& request,
                                                         std::shared_ptr<FeedChannel> channel) {
        if (request.count() < 0) {
            return absl::InvalidArgumentError("the count is negative: give one from 0 up");
        }
        followers.push_back(std::move(channel));
        return std::make_shared<Numbering>(*this, request);
    }

    /// Refuses a negative number, with the batch it came in.
    class Sum {
    public:
        explicit Sum(Toys& toys) : toys_(toys) {}
        ~Sum() { toys_.sums_dropped += finished_ ? 0 : 1; }

        absl::StatusOr<Taken> take(const Numbers& numbers) {
            ++toys_.sum_turns;
            for (const int stop = std::min(numbers.values_size(), at_ + numbers_a_turn); at_ < stop;
                 ++at_) {
                if (numbers.values(at_) < 0) {
                    return absl::OutOfRangeError("a number is negative: give numbers from 0 up");
                }
                sum_ += numbers.values(at_);
            }
            if (at_ < numbers.values_size()) {
                return Taken::part;
            }
            at_ = 0;
            ++toys_.batches_taken;
            return Taken::all;
        }

        absl::StatusOr<Number> finish() {
            finished_ = true;
            ++toys_.sums_finished;
            Number reply;
            reply.set_value(sum_);
            return reply;
        }

    private:
        Toys& toys_;
        static constexpr int numbers_a_turn = 1000;
        int at_ = 0;
        std::int64_t sum_ = 0;
        bool finished_ = false;
    };
};

}  // namespace api::testing
