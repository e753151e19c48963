/** The icon: an envelope with a dot, as SVG, and as an ICO file with 16 and 32 pixels for clients without SVG support. */
import svg from "./favicon.svg" with { type: "text" };

export const faviconSvg: string = svg;

const base64 = [
  "AAABAAIAEBAAAAEAIAAQAgAAJgAAACAgAAABACAARAQAADYCAACJUE5HDQoaCgAAAA1JSERSAAAAEAAAABAIBgAAAB/z/2EAAAHF",
  "SURBVHicpJNNSFRRGIafc++ZMQwii0KzUsJKImbRrl3QRJsMWwy0iaJNQ6ugH4hpo7QrGqjITYsWWZuMClpEf7QoiCJalDE1iDVp",
  "oDmlonec+/N57wUv/qAj4wMHvvOe730P34GjQVTToWunRXlppdROIMbS2IjkPcXtwpNzWbW17coZ35ilCsTjoqEU6eW1e9TgkFB/",
  "0eKyFovAq/0JmlGV7atxuRD7TFIPhvuUleQfNGjfXBMILVvWc/nUfoLY+UyWyty6+YBkaTDSjpp5rju743pG2NW8gcSOevKFItl7",
  "b7GmnDkhA+UYz5xGDuqBcH/fbfFf0yQKCC4eLk5gGorMyX2c6Ojh99BYeLZ54xpuXEqR7oR3tRZvijF/pHLoMWbf4npC+/lu3n8p",
  "8DR7jD2tm8IV1LlfI4za0Hb8CAf2tvKfVaFHz5/XdjwyXS/4lPtDd2cq1DJdz3n4ujesE9vrefmhL+pfEDBDz6uv9PYN4bgePwoj",
  "i7UtHhDwrX+YSkQBpbLDtsY6+h+frWianLKjWjUdviqsAAPhJ1UjOUOU3KFKRHhkxhvaP+q4bfrT1PnSOv9nGkubxFGo74LctcZr",
  "O6YBAAD//4irwWEAAAAGSURBVAMA8fSaGKK3O2YAAAAASUVORK5CYIKJUE5HDQoaCgAAAA1JSERSAAAAIAAAACAIBgAAAHN6evQA",
  "AAP5SURBVHicxJdbbFRFGMf/M+d0tw2lOU2D1UK7RWnNJjahGtvVFHgwXkoRFJQXaG0UYwwmpkjRxEv6ADGSEuRJDEqijcSEmCJr",
  "rPEBYwikKpEGL02WAm0p0Iq1mwYpezkzzDenuyx0u+3Cbvkl7Znbzv+/38x8s8dEAuXP7baEbbcA0scYlgLsHmQE+Y+U6FHzdXPD",
  "2N1/qCUY62GxwqJn2+s5k58xsBJkEQl5UUi2aci/tStuoLSh/Wlu4AfMIbbESjLByho+LISR85dych8yjAq7A1MF6QSbTcZcRyJk",
  "VJng5kuZFneEpRNercjii62EHSNqqbnLbjJV0YcMIrW6ml4J5yOCGj6Ce/k1DItc/CKK8T9y9BjHCPOZylhGDTjiQCULot3djSIW",
  "ivdclm60hnw4DUtHibS5+u9BFnjXdfImcWKBqr/t6kn06jGTffjxqlK8trYGbpeJdIhGBRrbDiJH2FjCx5OOqWTj4Cr8NqAXIanC",
  "hvqlWPFwOdIlogzMhKFOhCGFMmBoB0kN5LmdZlqnUDiK3oHL6mljNpQVWxgYDuKcyMdifmVKf58oQIQ54rRXUsaYBuQqMxWlRdi8",
  "04+ff+/HTMjJifdFvGhznYCLyXhfWOWCT1V7Iob14FNtt06yZoUXi0sKce7iGKz8PLhzDKxZ7kXEtvHb3xeQis0v1CJqC3T/y+CP",
  "etArLPTKQhy2PdgTqcJpaekjyCYzEk812dkLY3hleyeuXouAc4Ztjcuw953VSTcntX3+3vPY1lSHL9rW4cnaJfgPuTgiFuFAtAI/",
  "2QsxpuoEu3EFpTZAHDlxFqu2dGDgknOBPfNYBfy7NmLhgoL4GCpT2xOP3q/rY+MTODM0qhNO86pqbN1Yh+aG6hupOYEZDcQi0dDS",
  "geOnBnW9sqwIXXua9HGlPypTG0FjaCx9hsK8vLocb7xYi2XqydjUuWd90K9MhLHhg4N6GV5fV4OCeW4c2L4+vumIT775FTs7jib9",
  "ptORVqahiT/68ij+ODOCXW/W6+NK4hOhKLZ83IWu4wGkS3qpbpLvjwXQd34U+99fCyEkNu3oRGBwFLfDbRkgSLDu1X24U2a1CbNJ",
  "yghY+bnwPVSKO8Gan6efYpqdmdLAI94SfL1jPTIBT3YGMc0S0BnONJSYksE8q9unxMY0OKoeKE7798B00I16qm8Ytpi6DKa6F0ZU",
  "ai5ObKTL5GTgErKO0ubqhuzBXYK01a8jedcMkDYPG+ZeVQxi7gmSNh8+1NKvNsfLmGNUXmgmbX0Mh75r7aR3NXpdQpYhDdI672/9",
  "lupGrGM88GNfoXflfilkWA0LqbwxX53SecgI+vX8mJrvK26YjYOH3/oz1nMdAAD//0YVyeYAAAAGSURBVAMAeul6y821Sv0AAAAA",
  "SUVORK5CYII=",
].join("");

/** An ICO container with favicon.svg as two PNG images. */
export const faviconIco: Uint8Array<ArrayBuffer> = Uint8Array.from(Buffer.from(base64, "base64"));
