/* Korean month and day names and number format of charts. */
(function () {
  "use strict";
  const locale = {
    moduleType: "locale",
    name: "ko",
    dictionary: {},
    format: {
      days: ["일요일", "월요일", "화요일", "수요일", "목요일", "금요일", "토요일"],
      shortDays: ["일", "월", "화", "수", "목", "금", "토"],
      months: ["1월", "2월", "3월", "4월", "5월", "6월", "7월", "8월", "9월", "10월", "11월", "12월"],
      shortMonths: ["1월", "2월", "3월", "4월", "5월", "6월", "7월", "8월", "9월", "10월", "11월", "12월"],
      periods: ["오전", "오후"],
      dateTime: "%Y-%m-%d %H:%M",
      date: "%Y-%m-%d",
      time: "%H:%M",
      decimal: ".",
      thousands: ",",
      grouping: [3],
      currency: ["", "원"],
      year: "%Y년",
      month: "%Y년 %-m월",
      dayMonth: "%-m월 %-d일",
      dayMonthYear: "%Y-%m-%d",
    },
  };
  if (typeof window.Plotly === "undefined") {
    window.PlotlyLocales = window.PlotlyLocales || [];
    window.PlotlyLocales.push(locale);
  } else {
    window.Plotly.register(locale);
  }
})();
